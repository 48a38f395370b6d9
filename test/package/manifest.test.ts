/** The packed package: what it contains, and what the ecosystem's checkers say of it. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { publint } from "publint"
import { assert, beforeAll, describe, it, vi } from "vitest"
import { VERSION } from "../../src/apps/version.ts"
import { ENTRIES, outdated, ROOT } from "../../tools/build/entries.ts"
import { binaryOf, here } from "../support/command.ts"
import { BUILD_MS, noNpm, packed } from "../support/packed.ts"

// Other programs start here, which takes long on a busy machine.
vi.setConfig({ testTimeout: BUILD_MS })

const read = (file: string) => JSON.parse(fs.readFileSync(path.join(ROOT, file), "utf8"))
const built = (text: string) => fs.readFileSync(path.join(packed().folder, text), "utf8")

describe("the manifests", () => {
  it("export what tools/build/entries.ts lists (node tools/entries.ts writes them)", () => {
    assert.deepStrictEqual(outdated().map(([file]) => file), [])
    assert.includeMembers(ENTRIES.map(({ specifier }) => specifier), ["fairlead", "fairlead/core"])
  })

  it("have the version that the program tells", () => {
    assert.deepStrictEqual([read("package.json").version, read("deno.json").version], [VERSION, VERSION])
  })

  it.skipIf(here === "node")("are what JSR takes, sources and declarations included", () => {
    // Schema's classes have types that JSR calls slow.
    const args = ["publish", "--dry-run", "--allow-dirty", "--allow-slow-types", "--no-check", "--quiet"]
    const { status, stderr } = spawnSync(binaryOf("deno"), args, { cwd: ROOT, encoding: "utf8" })
    assert.strictEqual(status, 0, stderr)
  })
})

/** Each file of the package is one of these. */
const ALLOWED = [
  /^(package\.json|README\.md|LICENSE)$/,
  /^dist\/bin\/([\w-]+\.cjs|licences\.txt)$/,
  /^dist\/(mod|effect|http|undici|edge)\.(js|js\.map|d\.ts)$/,
  /^dist\/(adapters|apps|core|ingress|plane|record|shell)\/[\w/]+\.(js|js\.map|d\.ts)$/
]
/** A third of this is the command, and nearly a half are source maps. */
const MOST_BYTES = 8 * 1024 * 1024
const MOST_PACKED_BYTES = 2 * 1024 * 1024

describe.skipIf(noNpm)("the packed package", () => {
  beforeAll(packed, BUILD_MS)

  it("contains what users need and nothing else, in at most 8 MiB", () => {
    const files = packed().files.map(({ path }) => path)
    assert.deepStrictEqual(files.filter((file) => !ALLOWED.some((form) => form.test(file))), [])
    const wanted = ENTRIES.flatMap(({ built }) => [`dist/${built}.js`, `dist/${built}.js.map`, `dist/${built}.d.ts`])
    assert.includeMembers(files, [...wanted, "README.md", "LICENSE", "dist/bin/fairlead.cjs"])
    // No program can use these.
    assert.deepStrictEqual(files.filter((file) => /^dist\/(sim|apps\/(demo|cli|program))/.test(file)), [])
    assert.isAtMost(packed().files.reduce((sum, { size }) => sum + size, 0), MOST_BYTES)
    assert.isAtMost(fs.statSync(packed().tarball).size, MOST_PACKED_BYTES)
  })

  it("has source maps that show the sources", () => {
    const { sources, sourcesContent } = JSON.parse(built("dist/core/mod.js.map"))
    assert.deepStrictEqual(sources.length, 1)
    assert.deepStrictEqual(sourcesContent, [fs.readFileSync(path.join(ROOT, "src/core/mod.ts"), "utf8")])
  })

  it("passes on the licences of what the command contains", () => {
    const text = built("dist/bin/licences.txt")
    for (const name of ["effect 4", "yaml 2", "@opentelemetry/sdk-metrics 2"]) assert.include(text, `${name}.`)
    assert.include(text, "Permission is hereby granted")
    assert.include(text, "Apache License")
  })

  it("is clean by publint", async () => {
    const { messages } = await publint({ pkgDir: packed().folder, level: "suggestion", strict: true, pack: false })
    assert.deepStrictEqual(messages, [])
  })

  // `require` gets ES modules in each Node that the package is for.
  it.skipIf(here === "deno")("has types that resolve as its code does (attw)", () => {
    const attw = path.join(ROOT, "node_modules/.bin/attw")
    const { status, stdout } = spawnSync(
      binaryOf("node"),
      [fs.realpathSync(attw), packed().tarball, "--profile", "esm-only"],
      { encoding: "utf8" }
    )
    assert.strictEqual(status, 0, stdout)
    for (const { specifier } of ENTRIES) assert.include(stdout, `"${specifier}"`)
  }, 120_000)
})
