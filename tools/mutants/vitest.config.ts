/** The tests with instrumented sources, all in one thread, which loads each module once. For `npm run mutants`. */
import * as fs from "node:fs"
import * as path from "node:path"
import { defineConfig } from "vitest/config"
import { ENTRIES, ROOT } from "../build/entries.ts"
import { codeFile, readSession, sessionFolder } from "./session.ts"

const folder = sessionFolder()
const { testFiles, names, onFromStart } = readSession(folder)

const code = (id: string) => {
  const name = path.relative(ROOT, id.split("?")[0]!).split(path.sep).join("/")
  return name.startsWith("src/") && fs.existsSync(codeFile(folder, name))
    ? fs.readFileSync(codeFile(folder, name), "utf8")
    : undefined
}

const placeOf = (id: string) => testFiles.indexOf(path.relative(ROOT, id).split(path.sep).join("/"))

export default defineConfig({
  root: ROOT,
  resolve: {
    alias: ENTRIES.map(({ specifier, source }) => ({
      find: new RegExp(`^${specifier}$`),
      replacement: path.join(ROOT, source)
    }))
  },
  plugins: [{
    name: "mutants",
    enforce: "pre",
    transform: (_text, id) => {
      const replaced = code(id)
      return replaced === undefined ? undefined : { code: replaced, map: null }
    }
  }],
  test: {
    include: [...testFiles],
    ...(names === "" ? {} : { testNamePattern: names }),
    bail: onFromStart === undefined ? 0 : 1,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: "threads",
    isolate: false,
    maxWorkers: 1,
    fileParallelism: false,
    // Its keys do not know that a source stands for other code in each session.
    fsModuleCache: false,
    reporters: ["dot"],
    silent: true,
    // A mutant may leave something behind that fails later.
    dangerouslyIgnoreUnhandledErrors: onFromStart === undefined,
    runner: path.join(ROOT, "tools/mutants/Runner.ts"),
    setupFiles: [path.join(ROOT, "tools/mutants/setup.ts")],
    sequence: {
      sequencer: class {
        shard<S>(specs: S): S {
          return specs
        }
        sort<S extends { readonly moduleId: string }>(specs: Array<S>): Array<S> {
          return specs.sort((a, b) => placeOf(a.moduleId) - placeOf(b.moduleId))
        }
      } as any
    }
  }
})
