/** The core as a program for an edge runtime would bundle it: minified, from the functions that it calls. */
import * as path from "node:path"
import { rolldown } from "rolldown"
import { ROOT } from "./sources.ts"

export interface Bundle {
  readonly bytes: number
  /** The files in the bundle, without the bundler's own lines. */
  readonly modules: ReadonlyArray<string>
  readonly code: string
}

/** Bundles `text` as if it lay in src. */
export async function bundle(text: string): Promise<Bundle> {
  const entry = path.join(ROOT, "src", "virtual-entry.ts")
  const build = await rolldown({
    input: entry,
    platform: "neutral",
    resolve: { conditionNames: ["import", "default"] },
    plugins: [{
      name: "virtual-entry",
      resolveId: (id) => (id === entry ? id : null),
      load: (id) => (id === entry ? text : null)
    }]
  })
  try {
    const { output } = await build.generate({ format: "esm", minify: true })
    const code = output.map((chunk) => (chunk.type === "chunk" ? chunk.code : "")).join("")
    const modules = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []))
    return {
      bytes: new TextEncoder().encode(code).length,
      modules: modules.filter((id) => id !== entry && !id.startsWith("\0")),
      code
    }
  } finally {
    await build.close()
  }
}

export const MOST_CORE_BYTES = 124 * 1024

/** What is wrong with a bundle of the core. */
export function bundleFaults({ bytes, modules }: Pick<Bundle, "bytes" | "modules">): ReadonlyArray<string> {
  const foreign = modules.filter((id) => !id.split(path.sep).join("/").includes("/src/core/"))
  return [
    ...(bytes >= MOST_CORE_BYTES ? [`the core takes ${bytes} bytes, ${MOST_CORE_BYTES} are too many`] : []),
    ...foreign.map((id) => `not of the core: ${path.relative(ROOT, id)}`)
  ]
}
