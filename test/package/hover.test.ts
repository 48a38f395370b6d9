/** What an editor shows for the keys of a configuration, in a project that has installed the packed package. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, beforeAll, describe, it, vi } from "vitest"
import { note, schemaAt } from "../../src/apps/config/schemaKeys.ts"
import { ConfigFile } from "../../src/core/schema/ConfigFile.ts"
import { here, inScratch } from "../support/command.ts"
import { hovers } from "../support/languageServer.ts"
import { BUILD_MS, noNpm, packed, project } from "../support/packed.ts"

// Other programs start here, which takes long on a busy machine.
vi.setConfig({ testTimeout: BUILD_MS })

const PROGRAM = `import type { FairleadConfig } from "fairlead"
export const config: FairleadConfig = {
  upstreams: { web: { candidates: ["192.0.2.1"], probing: { interval: "1s" } } },
  selector: { switching: { margin: "5ms" } },
  eventLog: { segments: 3, path: "none" }
}
`
const descriptionOf = (...key: ReadonlyArray<string>) => {
  const ast = schemaAt(ConfigFile.ast, key)
  return ast === undefined ? undefined : note(ast, "description")
}

describe.skipIf(noNpm || here === "deno")("hovering over a key of FairleadConfig", () => {
  beforeAll(packed, BUILD_MS)

  it("shows its meaning from the schema, its range and its default", () =>
    inScratch(async (directory) => {
      project(directory, ["effect", "@types/node"])
      const file = path.join(directory, "main.ts")
      fs.writeFileSync(file, PROGRAM)
      const options = { module: "NodeNext", strict: true, noEmit: true, types: ["node"] }
      fs.writeFileSync(
        path.join(directory, "tsconfig.json"),
        JSON.stringify({ compilerOptions: options, files: ["main.ts"] })
      )
      const keys = ["candidates", "interval", "margin", "segments", "path"]
      const [candidates = "", interval = "", margin = "", segments = "", path_ = ""] = await hovers(file, keys)
      const flat = (text: string) => text.replaceAll(/\s+/g, " ")
      assert.include(flat(candidates), `${descriptionOf("upstreams", "web", "candidates")}. Default: \`[]\`.`)
      assert.include(flat(interval), `${descriptionOf("probing", "interval")}. A duration such as `)
      assert.include(flat(interval), ', from 100ms to 1d. Default: `"10s"`.')
      assert.include(flat(margin), String(descriptionOf("selector", "switching", "margin")))
      assert.include(
        flat(segments),
        `${descriptionOf("eventLog", "segments")}. A whole number from 1 to 100000. Default: \`8\`.`
      )
      // A program writes no record unless it is told to.
      assert.include(flat(path_), 'Default: `"none"`.')
    }))
})
