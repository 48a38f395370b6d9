/** REQUIRE turns a skipped test into a failure for the abilities that it names. */
import { afterEach, assert, describe, it } from "vitest"
import process from "node:process"
import { isRequired, lacks, unable } from "../support/able.ts"

const skipping = {
  skip: (note?: string): never => {
    throw new Error(`skipped: ${note}`)
  }
}
const before = process.env["REQUIRE"]
afterEach(() => {
  if (before === undefined) delete process.env["REQUIRE"]
  else process.env["REQUIRE"] = before
})

describe("REQUIRE", () => {
  it.each([["", false], ["npm", false], ["npm,fuse", true], ["all", true]])("as %j requires FUSE: %s", (value, is) => {
    process.env["REQUIRE"] = value
    assert.strictEqual(isRequired("fuse"), is)
    assert.throws(() => unable(skipping, "fuse", "no disk"), is ? "no disk, and REQUIRE names fuse" : "skipped: no disk")
    if (is) assert.throws(() => lacks("fuse", "no disk"), "no disk, and REQUIRE names fuse")
    else assert.isTrue(lacks("fuse", "no disk"))
    assert.isFalse(lacks("fuse", ""))
  })
})
