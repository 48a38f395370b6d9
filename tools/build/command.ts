/** Bundles the command with all that it imports, so that it starts without reading a thousand files. */
import { cpSync, writeFileSync } from "node:fs"
import * as path from "node:path"
import { rolldown } from "rolldown"
import { ROOT } from "./entries.ts"
import { licences } from "./licences.ts"

export async function command(folder: string): Promise<void> {
  const bin = path.join(folder, "bin")
  const build = await rolldown({ input: path.join(ROOT, "src/apps/main.ts"), platform: "node", cwd: ROOT })
  try {
    const { output } = await build.write({
      dir: bin,
      format: "esm",
      minify: true,
      // Names of functions are in spans and messages.
      keepNames: true,
      chunkFileNames: "[name]-[hash].js"
    })
    const modules = output.flatMap((chunk) => chunk.type === "chunk" ? chunk.moduleIds : [])
    writeFileSync(path.join(bin, "licences.txt"), licences(modules))
  } finally {
    await build.close()
  }
  for (const file of ["fairlead.cjs", "start.cjs"]) cpSync(path.join(ROOT, "src/apps/bin", file), path.join(bin, file))
}
