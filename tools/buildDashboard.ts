/**
 * Bundles the dashboard (src/dashboard) into the one module that the admin port serves, src/adapters/admin/dashboardPage.ts.
 * That file is in the repository, so a checkout and a package need no build. `--check` only tells whether it is up to date.
 */
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"

const ROOT = fileURLToPath(new URL("../", import.meta.url))
export const PAGE_FILE = path.join(ROOT, "src/adapters/admin/dashboardPage.ts")

const STYLES = ["node_modules/uplot/dist/uPlot.min.css", "src/dashboard/style.css"]

const ICON =
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><g fill="none" stroke="#0a7d8c" stroke-width="2.4"><path d="M2 5c6 0 6 7 10 7h10M2 12h20M2 19c6 0 6-7 10-7"/><circle cx="13" cy="12" r="3.5"/></g></svg>`

/** The text of the module: the page, its policy and its tag. */
export async function buildDashboard(): Promise<string> {
  const script = (await bundled()).replaceAll("</script", "<\\/script")
  const style = STYLES.map((file) => fs.readFileSync(path.join(ROOT, file), "utf8")).map(smaller).join("\n")
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Fairlead</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(ICON)}">
<style>${style}</style>
</head>
<body>
<div id="app"><noscript>The dashboard needs JavaScript. /status has the same figures.</noscript></div>
<!-- With Preact, (c) Jason Miller, and uPlot, (c) Leon Sorokin: both under the MIT License. -->
<script type="module">${script}</script>
</body>
</html>
`
  const policy = [
    "default-src 'none'",
    `script-src '${digest(script)}'`,
    `style-src '${digest(style)}'`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; ")
  return `// deno-fmt-ignore-file
// deno-lint-ignore-file
/** The dashboard as the admin port serves it. \`node tools/buildDashboard.ts\` makes this file from src/dashboard. */
export const policy = ${JSON.stringify(policy)}
export const tag = ${JSON.stringify(`"${createHash("sha256").update(page).digest("hex").slice(0, 16)}"`)}
export const page = ${JSON.stringify(page)}
`
}

async function bundled(): Promise<string> {
  const build = await rolldown({
    input: path.join(ROOT, "src/dashboard/main.tsx"),
    cwd: ROOT,
    platform: "browser",
    transform: { target: "es2023" }
  })
  try {
    const { output } = await build.generate({ format: "esm", minify: true, comments: false })
    return output.map((chunk) => chunk.type === "chunk" ? chunk.code : "").join("").trim()
  } finally {
    await build.close()
  }
}

/** Without comments, and without room at the beginning of lines. */
function smaller(css: string): string {
  return css.replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/^\s+|\n(?=\n)/gm, "").trim()
}

function digest(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = await buildDashboard()
  if (!process.argv.includes("--check")) fs.writeFileSync(PAGE_FILE, built)
  else if (!fs.existsSync(PAGE_FILE) || fs.readFileSync(PAGE_FILE, "utf8") !== built) {
    console.error("src/adapters/admin/dashboardPage.ts is not what src/dashboard gives: run node tools/buildDashboard.ts")
    process.exit(1)
  }
}
