/** References of `probing.connectivity` that `access` refuses are named in a warning. */
import { assert, describe, it } from "vitest"
import { parse } from "../../src/apps/config/parse.ts"
import { render } from "../../src/apps/config/Problem.ts"

const warningsOf = (access: string) => {
  const text = `listeners: [{ name: web, listen: "127.0.0.1:1234", upstream: web }]
upstreams: { web: { port: 443, candidates: ["198.18.0.1"] } }
probing: { connectivity: ["198.51.100.1:53", "203.0.113.1"] }
access: ${access}`
  const { settings, warnings } = parse(text)
  assert.strictEqual(settings?.core.outage.connectivity.length, 2)
  return warnings.map((one) => render("f.yaml", one))
}

describe("a connectivity reference", () => {
  it("that an access list refuses is named in a warning with its location", () => {
    assert.deepStrictEqual(warningsOf("{ deny: [198.51.100.0/24] }").length, 1)
    assert.match(
      warningsOf("{ deny: [198.51.100.0/24] }")[0] ?? "",
      /f\.yaml:3:\d+ .*connectivity\.0.*access\.deny refuses it/
    )
    assert.match(warningsOf("{ allow: [198.0.0.0/8] }")[0] ?? "", /connectivity\.1.*access\.allow does not contain it/)
  })

  it("that the access lists admit causes no warning", () =>
    assert.deepStrictEqual(warningsOf("{ deny: [192.0.2.0/24] }"), []))
})
