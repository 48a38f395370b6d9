/** Upstreams on ports whose servers count connections without data: their defaults, and the notes of `check`. */
import { assert, describe, it } from "@effect/vitest"
import { writeFileSync } from "node:fs"
import * as path from "node:path"
import { parse } from "../../src/apps/config/parse.ts"
import { command, inScratch } from "../support/command.ts"

const text = (upstream: string, more = "") =>
  `listeners: [{ name: db, listen: "127.0.0.1:4000", upstream: db }]\nupstreams: { db: ${upstream} }\n${more}`
const inForce = (upstream: string, more = "") => {
  const { settings, problems, warnings } = parse(text(upstream, more))
  assert.deepStrictEqual(problems, [])
  const { probing, pool } = settings!.core.upstreams[0]!
  return { idle: probing.idle, pool: pool.mode, warned: warnings.map((one) => one.path) }
}

describe("an upstream at port 3306", () => {
  it.each([
    ["by its own port", `{ port: 3306, candidates: ["198.18.0.1"] }`],
    ["by the port of a candidate", `{ candidates: ["198.18.0.2:443", "198.18.0.1:3306"] }`],
    ["by the port of a fallback", `{ candidates: ["198.18.0.2:443"], fallback: ["[2001:db8::1]:3306"] }`]
  ])("%s has no warm sockets, no probes while no client uses it, and no warning", (_by, upstream) => {
    assert.deepStrictEqual(inForce(upstream), { idle: "lazy", pool: "off", warned: [] })
  })

  it("follows the file's own or general section, with a warning where that makes connections without data", () => {
    const warned = ["upstreams.db.probing.idle", "upstreams.db.pool.mode"]
    const own = `{ port: 3306, candidates: ["198.18.0.1"], probing: { idle: always }, pool: { mode: fixed } }`
    assert.deepStrictEqual(inForce(own), { idle: "always", pool: "fixed", warned })
    const general = "probing: { idle: always }\npool: { mode: dynamic }\n"
    const plain = `{ port: 3306, candidates: ["198.18.0.1"] }`
    assert.deepStrictEqual(inForce(plain, general), { idle: "always", pool: "dynamic", warned })
  })

  it("gets a note from `check`, which port 443 does not get", () =>
    inScratch(async (directory) => {
      const file = path.join(directory, "f.yaml")
      const checked = (port: number) => {
        writeFileSync(file, text(`{ port: ${port}, candidates: ["198.18.0.1"] }`))
        return command(["check", "--config", file])
      }
      const db = await checked(3306)
      assert.strictEqual(db.code, 0)
      assert.match(
        db.stderr,
        /note: .*upstreams\.db\.probing\.idle: port 3306: .*max_connect_errors.*no address more than 20 times/
      )
      assert.include(db.stdout, "idle: lazy")
      const web = await checked(443)
      assert.notInclude(web.stderr, "note:")
      assert.notInclude(web.stdout, "idle: lazy")
    }))

  it("is the only one with these defaults: port 443 has the general ones", () => {
    assert.deepStrictEqual(inForce(`{ port: 443, candidates: ["198.18.0.1", "2001:db8::3306"] }`), {
      ...{ idle: "always", pool: "dynamic" },
      warned: []
    })
  })
})
