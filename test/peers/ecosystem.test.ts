/** The table of tools in docs/ways-in.md: each line is run as it stands there, or names the test that runs its tool. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import type { Means } from "../support/able.ts"
import { ROOT } from "../support/command.ts"
import type { Peers } from "../support/peers/peers.ts"
import { NAME, peers } from "../support/peers/peers.ts"
import { makeNpmPackage, makeWheel, PACKAGE } from "../support/peers/registries.ts"
import { lacksTool, runTool } from "../support/peers/tools.ts"

interface Row {
  readonly tool: string
  readonly line: string
  readonly shownBy: string
}

const page = fs.readFileSync(path.join(ROOT, "docs/ways-in.md"), "utf8")
const rows: ReadonlyArray<Row> = page.slice(page.indexOf("## Ecosystem"), page.indexOf("## Answers")).split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| tool |") && !line.startsWith("| --- |"))
  .map((line) => {
    const [, tool = "", typed = "", shownBy = ""] = line.split(" | ").join("|").split("|").map((cell) => cell.trim())
    return { tool, line: /`([^`]+)`/.exec(typed)?.[1] ?? "", shownBy }
  })

interface Run {
  readonly needs: ReadonlyArray<readonly [Means, debianPackage: string, program: string]>
  /** A part of what it prints, or a file that is there afterwards. */
  readonly prints?: string
  readonly makes?: string
}

const HELLO = `hello from ${NAME}`
const curl: Run = { needs: [["curl", "curl", "curl"]], prints: HELLO }

/** The rows that are run here. */
const RUN: Readonly<Record<string, Run>> = {
  curl,
  "curl, SOCKS5": curl,
  "curl, SOCKS4a": curl,
  wget: { needs: [["wget", "wget", "wget"]], makes: "index.html" },
  git: { needs: [["git", "git", "git-http-backend"]], makes: "sample/.git" },
  "git, for good": { needs: [["git", "git", "git"]], makes: ".gitconfig" },
  npm: { needs: [["npm", "npm", "npm"]], makes: `node_modules/${PACKAGE}/index.js` },
  pip: { needs: [["pip", "python3-pip", "pip"]], makes: "modules/fairlead_sample.py" },
  "Node 24 and newer": { needs: [], prints: HELLO },
  Deno: { needs: [], prints: HELLO },
  Python: { needs: [["pip", "python3", "python3"]], prints: HELLO },
  OpenSSL: { needs: [["openssl", "openssl", "openssl"]], prints: "Verification: OK" }
}

/** The rows that another test shows, or that need what no test machine has. */
const ELSEWHERE = ["undici", "Chromium", "other browsers", "ssh", "Docker"]

function prepare(folder: string): void {
  makeNpmPackage(folder)
  makeWheel(folder)
  spawnSync("git", ["init", "--quiet", "--bare", path.join(folder, "git", "sample.git")])
}

describe("the table of tools", () => {
  let world: Peers
  beforeAll(async () => void (world = await peers({ prepare })), 90_000)
  afterAll(() => world?.stop())

  it("has a row for each tool that is run here or shown elsewhere, and no other", () => {
    assert.deepStrictEqual(rows.map(({ tool }) => tool).toSorted(), [...Object.keys(RUN), ...ELSEWHERE].toSorted())
  })

  it("names only tests and titles that exist", () => {
    const missing = rows.flatMap(({ shownBy }) =>
      [...shownBy.matchAll(/`peers\/(\w+)`((?:,? "[^"]+")*)/g)].flatMap(([, name, titles = ""]) => {
        const source = fs.readFileSync(path.join(ROOT, "test/peers", `${name}.test.ts`), "utf8")
        return [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => title).filter((title) => !source.includes(title))
      })
    )
    assert.deepStrictEqual(missing, [])
  })

  for (const { tool, line } of rows.filter((row) => RUN[row.tool] !== undefined)) {
    const { needs, prints, makes } = RUN[tool] as Run
    it.skipIf(needs.some((need) => lacksTool(...need)))(`has a line that works as it stands: ${tool}`, async () => {
      const directory = path.join(world.directory, tool.replaceAll(/\W+/g, "-"))
      fs.mkdirSync(directory)
      fs.writeFileSync(path.join(directory, "package.json"), "{}")
      fs.writeFileSync(path.join(directory, "app.js"), `fetch("${world.https}/").then((a) => a.text()).then(console.log)\n`)
      const read = `import urllib.request\nprint(urllib.request.urlopen("${world.https}/").read().decode())\n`
      fs.writeFileSync(path.join(directory, "app.py"), read)
      fs.writeFileSync(path.join(directory, "wgetrc"), `ca_certificate = ${world.authority}\n`)
      const typed = line.replaceAll("127.0.0.1:8118", world.proxy)
        .replaceAll(`https://${NAME}`, world.https).replaceAll(`${NAME}:443`, `${NAME}:${world.site.https}`)
      const ca = ["CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "PIP_CERT", "SSL_CERT_FILE", "DENO_CERT"]
      const { code, stdout, stderr } = await runTool("sh", ["-c", typed], {
        cwd: directory,
        env: {
          PATH: [path.join(ROOT, "node_modules/.bin"), process.env["PATH"]].join(path.delimiter),
          HOME: directory,
          GIT_CONFIG_NOSYSTEM: "1",
          WGETRC: path.join(directory, "wgetrc"),
          npm_config_registry: `${world.https}/npm/`,
          npm_config_cafile: world.authority,
          PIP_CONFIG_FILE: "/dev/null",
          PIP_INDEX_URL: `${world.https}/pypi/simple`,
          PIP_TARGET: path.join(directory, "modules"),
          ...Object.fromEntries(ca.map((name) => [name, world.authority]))
        },
        timeoutMs: 120_000
      })
      assert.strictEqual(code, 0, `${typed}\n${stderr}${stdout}`)
      if (prints !== undefined) assert.include(stdout, prints, stderr)
      if (makes !== undefined) assert.isTrue(fs.existsSync(path.join(directory, makes)), makes)
    }, 120_000)
  }
})
