/** Mistakes with bad consequences: a listener that forwards to itself, a configuration file that is a pipe. */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import * as path from "node:path"
import { parse } from "../../src/apps/config/parse.ts"
import { command, inScratch } from "../support/command.ts"

const problemsOf = (listen: string, upstream: string) =>
  parse(`listeners: [{ name: web, listen: "${listen}", upstream: web }]\nupstreams: { web: ${upstream} }\n`).problems

describe("a listener that is its own candidate", () => {
  const loops: ReadonlyArray<readonly [listen: string, upstream: string]> = [
    ["127.0.0.1:2000", `{ port: 2000, candidates: ["127.0.0.1"] }`],
    ["0.0.0.0:2000", `{ candidates: ["127.0.0.2:2000"] }`],
    ["[::1]:2000", `{ candidates: ["[::1]:2000"] }`],
    ["127.0.0.1:2000", `{ port: 2000, candidates: ["127.0.0.0/29"] }`],
    ["127.0.0.1:2000", `{ candidates: ["127.0.0.1:3000"], fallback: ["127.0.0.1:2000"] }`]
  ]

  it.each(loops)("is a mistake: %s with %s", (listen, upstream) => {
    const problems = problemsOf(listen, upstream)
    assert.lengthOf(problems, 1)
    assert.include(problems[0]?.message, "is listener web itself")
  })

  it("is no mistake with another port or address, or with port 0", () => {
    assert.deepStrictEqual(problemsOf("127.0.0.1:2000", `{ candidates: ["127.0.0.1:2001", "127.0.0.2:2000"] }`), [])
    assert.deepStrictEqual(problemsOf("127.0.0.1:0", `{ candidates: ["127.0.0.1:2000"] }`), [])
  })
})

describe.skipIf(process.platform === "win32")("a configuration file that is a pipe", () => {
  it("is refused before it is opened, as opening it might never return", () =>
    inScratch(async (directory) => {
      const pipe = path.join(directory, "pipe")
      spawnSync("mkfifo", [pipe])
      const { code, stderr } = await command(["check", "--config", pipe])
      assert.strictEqual(code, 2)
      assert.include(stderr, "it is not a regular file")
    }))
})

describe("replay --until", () => {
  it("refuses a negative number, with which nothing would be verified", async () => {
    const { code, stdout } = await command(["replay", "somewhere", "--until=-5"])
    assert.strictEqual(code, 2)
    assert.notInclude(stdout, "verified")
  })
})
