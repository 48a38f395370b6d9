/** Programs in empty projects that have installed the packed package. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, beforeAll, describe, it, vi } from "vitest"
import { ENTRIES, ROOT } from "../../tools/build/entries.ts"
import { unable } from "../support/able.ts"
import { binaryOf, here, inScratch } from "../support/command.ts"
import { nodeOf } from "../support/nodes.ts"
import { BUILD_MS, noNpm, packed, project } from "../support/packed.ts"

// Other programs start here, which takes long on a busy machine.
vi.setConfig({ testTimeout: BUILD_MS })

/** Imports every entry, starts Fairlead, asks for its status, and stops it. The process then ends by itself. */
const program = (read: (specifier: string) => string) => `
const entries = [${ENTRIES.map(({ specifier }) => read(specifier)).join(", ")}]
const { Fairlead } = entries[0], { advance } = entries[1]
const Effect = ${read("effect/Effect")}
const asked = Effect.flatMap(Fairlead, (fairlead) => fairlead.status)
const config = { upstreams: { web: { candidates: ["127.0.0.1:9"], preheat: false } } }
Effect.runPromise(Effect.provide(asked, Fairlead.layer(config))).then(({ upstreams }) => {
  console.log(typeof advance, upstreams[0].name, entries.every((entry) => Object.keys(entry).length > 0))
})
`
const ESM = program((specifier) => `await import("${specifier}")`)
const CJS = program((specifier) => `require("${specifier}")`)
const PRINTED = { status: 0, stdout: "function web true\n", stderr: "" }

interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Writes a program into a project and runs it. */
const ran = (name: string, text: string, binary: string, args: ReadonlyArray<string> = []) =>
  inScratch((directory): Promise<Run> => {
    project(directory, ["effect", ...ENTRIES.some(({ subpath }) => subpath === "./undici") ? ["undici"] : []])
    fs.writeFileSync(path.join(directory, name), text)
    const { status, stdout, stderr } = spawnSync(binary, [...args, name], { cwd: directory, encoding: "utf8" })
    return Promise.resolve({ status, stdout, stderr })
  })

beforeAll(() => noNpm || packed(), BUILD_MS)

describe.skipIf(noNpm || here === "deno")("a program in JavaScript, on Node", () => {
  it.for(["22.19.0", "24.9.0", "this one"])("%s, imports and requires every entry, and ends", async (version, context) => {
    const node = version === "this one" ? { binary: binaryOf("node") } : nodeOf(version)
    if ("why" in node) return unable(context, "nodes", node.why)
    assert.deepStrictEqual(await ran("esm.js", ESM, node.binary), PRINTED)
    assert.deepStrictEqual(await ran("cjs.cjs", CJS, node.binary), PRINTED)
  })
})

describe.skipIf(noNpm || here === "node")("a program on Deno", () => {
  it("imports every entry of the installed package, and ends", async () => {
    assert.deepStrictEqual(await ran("bare.js", ESM, binaryOf("deno"), ["run", "-A"]), PRINTED)
  })

  it("imports it by npm: specifiers", async () => {
    const text = ESM.replaceAll('import("fairlead', 'import("npm:fairlead')
    assert.deepStrictEqual(await ran("npm.js", text, binaryOf("deno"), ["run", "-A"]), PRINTED)
  })

  it("imports every entry from the sources by its name, inside the checkout", () => {
    const args = ["eval", "--config", path.join(ROOT, "deno.json"), "--ext=ts", ESM]
    const { status, stdout, stderr } = spawnSync(binaryOf("deno"), args, { cwd: ROOT, encoding: "utf8" })
    assert.deepStrictEqual({ status, stdout, stderr }, PRINTED)
  })
})

/** Types: right uses compile, and each wrong one is an error. */
const TYPED = `import { ConfigError, Fairlead, type FairleadConfig } from "fairlead"
import { initial, type State } from "fairlead/core"
import * as Effect from "effect/Effect"
${ENTRIES.map(({ specifier }, i) => `import * as entry${i} from "${specifier}"`).join("\n")}
export const entries = [${ENTRIES.map((_, i) => `entry${i}`).join(", ")}]
export const config: FairleadConfig = { upstreams: { web: { candidates: ["192.0.2.1"], pool: { max: 1 } } } }
const connected = Effect.flatMap(Fairlead, (fairlead) => fairlead.connect("web"))
export const port: Effect.Effect<number | undefined, unknown> = connected.pipe(
  Effect.map((socket) => socket.remotePort),
  Effect.provide(Fairlead.layer(config))
)
export const failure: ConfigError["_tag"] = "ConfigError"
export const first: (...args: Parameters<typeof initial>) => State = initial
// @ts-expect-error a number is no list
export const wrong: FairleadConfig = { upstreams: { web: { candidates: 7 } } }
// @ts-expect-error a key that there is not
export const unknown: FairleadConfig = { upstream: {} }
// @ts-expect-error a socket, not a text
export const text: Effect.Effect<string, unknown, Fairlead> = connected
`

describe.skipIf(noNpm || here === "deno")("a program in TypeScript", () => {
  it.each([
    ["NodeNext", "NodeNext"],
    ["ESNext", "bundler"]
  ])(
    "with module %s and resolution %s is checked against the declarations, by them alone",
    (module, moduleResolution) =>
      inScratch((directory) => {
        project(directory, ["effect", "undici", "@types/node"])
        fs.writeFileSync(path.join(directory, "main.ts"), TYPED)
        const options = { module, moduleResolution, target: "ES2024", strict: true, noEmit: true, types: ["node"] }
        // Other packages' declarations are not the matter here; ours are: nothing of them may be an error.
        const config = { compilerOptions: { ...options, skipLibCheck: module === "ESNext" }, files: ["main.ts"] }
        fs.writeFileSync(path.join(directory, "tsconfig.json"), JSON.stringify(config))
        const tsc = fs.realpathSync(path.join(ROOT, "node_modules/.bin/tsc"))
        const { status, stdout } = spawnSync(binaryOf("node"), [tsc, "-p", directory], { encoding: "utf8" })
        assert.deepStrictEqual(stdout.split("\n").filter((line) => /fairlead|^main/.test(line)), [], stdout)
        assert.strictEqual(status, 0, stdout)
        return Promise.resolve()
      })
  )
})
