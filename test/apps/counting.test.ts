/** Upstreams on ports whose servers count connections that say nothing: what is preset for them, and what `check` says. */
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
    ["by its port", `{ port: 3306, candidates: ["198.18.0.1"] }`],
    ["by that of one of its addresses", `{ candidates: ["198.18.0.2:443", "198.18.0.1:3306"] }`],
    ["by that of its fallback", `{ candidates: ["198.18.0.2:443"], fallback: ["[2001:db8::1]:3306"] }`]
  ])("is spared %s: no warm sockets, no probes while no client uses it, and no warning", (_by, upstream) => {
    assert.deepStrictEqual(inForce(upstream), { idle: "lazy", pool: "off", warned: [] })
  })

  it("has what the file says, in its own section or the general one, and a warning where that is connections that say nothing", () => {
    const warned = ["upstreams.db.probing.idle", "upstreams.db.pool.mode"]
    const own = `{ port: 3306, candidates: ["198.18.0.1"], probing: { idle: always }, pool: { mode: fixed } }`
    assert.deepStrictEqual(inForce(own), { idle: "always", pool: "fixed", warned })
    const general = "probing: { idle: always }\npool: { mode: dynamic }\n"
    const plain = `{ port: 3306, candidates: ["198.18.0.1"] }`
    assert.deepStrictEqual(inForce(plain, general), { idle: "always", pool: "dynamic", warned })
  })

  it("is told of by check, which another port is not", () =>
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

  it("keeps another upstream as it is", () => {
    assert.deepStrictEqual(inForce(`{ port: 443, candidates: ["198.18.0.1", "2001:db8::3306"] }`), {
      ...{ idle: "always", pool: "dynamic" },
      warned: []
    })
  })
})
