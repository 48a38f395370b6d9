/** Bundles the command with all that it imports, so that it starts without reading a thousand files. */
import { cpSync, readFileSync, writeFileSync } from "node:fs"
import * as path from "node:path"
import { rolldown } from "rolldown"
import { SCHEMA_HASH } from "../../src/record/schemaHash.ts"
import { ROOT } from "./entries.ts"
import { licences } from "./licences.ts"

const HASH_FILE = path.join(ROOT, "src/record/schemaHash.ts")

/** Below this folder: `fairlead.cjs` starts `main.cjs`, and what only some commands need is loaded by these. */
export async function command(folder: string): Promise<void> {
  const bin = path.join(folder, "bin")
  const build = await rolldown({
    input: path.join(ROOT, "src/apps/main.ts"),
    platform: "node",
    cwd: ROOT,
    // Of a package's two forms the one of which unused parts can be left out.
    resolve: { mainFields: ["module", "main"] },
    // Only Vite's programs have `import.meta.env`, which Effect looks for.
    transform: { define: { "import.meta": "{}" } },
    plugins: [{
      // The digest is worked out now. At each start it would take a tenth of the time.
      name: "schema-hash",
      load: (id) => id === HASH_FILE ? `export const SCHEMA_HASH = ${JSON.stringify(SCHEMA_HASH)}` : null
    }]
  })
  try {
    const { output } = await build.write({
      dir: bin,
      // An `import` of `node:http` reads all its exports, and one of these loads undici: 5 MB, and a tenth of the time to start.
      // `require` does not.
      format: "cjs",
      minify: true,
      // Names of functions are in spans and messages.
      keepNames: true,
      entryFileNames: "[name].cjs",
      chunkFileNames: "[name]-[hash].cjs"
    })
    for (const { fileName } of output) {
      const file = path.join(bin, fileName)
      writeFileSync(file, ascii(readFileSync(file, "utf8")))
    }
    const modules = output.flatMap((chunk) => chunk.type === "chunk" ? chunk.moduleIds : [])
    writeFileSync(path.join(bin, "licences.txt"), licences(modules))
  } finally {
    await build.close()
  }
  cpSync(path.join(ROOT, "src/apps/bin/fairlead.cjs"), path.join(bin, "fairlead.cjs"))
}

/** The same code in ASCII: one other character would double the memory of all the code that Node keeps. */
function ascii(code: string): string {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
}
