/** Programs that import `fairlead/edge`, in one file, as a bundler makes them for a worker or a page. */
import * as path from "node:path"
import { rolldown } from "rolldown"
import { ROOT } from "./command.ts"

export interface Bundled {
  /** true: `fairlead/edge` is the package that the file's project has installed; by default it is the checkout's source. */
  readonly fromPackage?: boolean
}

/** A program of one file, for a runtime that is neither Node nor a browser: an import of a platform's module fails. */
export async function neutralBundle(
  entry: { readonly file: string } | { readonly text: string },
  { fromPackage = false }: Bundled = {}
): Promise<string> {
  const input = "file" in entry ? path.resolve(ROOT, entry.file) : path.join(ROOT, "src", "virtual-entry.mjs")
  const build = await rolldown({
    input,
    platform: "neutral",
    external: /^cloudflare:/,
    resolve: {
      conditionNames: ["import", "default"],
      alias: fromPackage ? {} : { "fairlead/edge": path.join(ROOT, "src/edge.ts") }
    },
    onLog: (_level, log) => {
      if (log.code === "UNRESOLVED_IMPORT") throw new Error(log.message)
    },
    plugins: "file" in entry ? [] : [{
      name: "virtual-entry",
      resolveId: (id) => (id === input ? id : null),
      load: (id) => (id === input ? entry.text : null)
    }]
  })
  try {
    const { output: [{ code }] } = await build.generate({ format: "esm", minify: true })
    return code
  } finally {
    await build.close()
  }
}
