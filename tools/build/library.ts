/** Compiles the entries, and what they import, to JavaScript with declarations and source maps. */
import { spawnSync } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import * as path from "node:path"
import process from "node:process"
import { ENTRIES, ROOT } from "./entries.ts"

export function library(folder: string): void {
  const project = path.join(folder, "tsconfig.json")
  const config = {
    extends: path.join(ROOT, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      outDir: folder,
      rootDir: path.join(ROOT, "src"),
      typeRoots: [path.join(ROOT, "node_modules/@types")],
      rewriteRelativeImportExtensions: true,
      declaration: true,
      // The package has no sources: each map contains its own.
      sourceMap: true,
      inlineSources: true
    },
    include: [],
    files: ENTRIES.map(({ source }) => path.join(ROOT, source))
  }
  writeFileSync(project, JSON.stringify(config))
  const compiler = path.join(path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc")
  const run = "Deno" in globalThis ? ["run", "-A"] : []
  const { status } = spawnSync(process.execPath, [...run, compiler, "-p", project], { stdio: "inherit" })
  if (status !== 0) throw new Error("the compiler reports errors")
  rmSync(project)
}
