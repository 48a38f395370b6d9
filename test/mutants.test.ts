/** The tool that counts which small changes of the sources the tests notice (`npm run mutants`, docs/reliability.md). */
import { assert, describe, it } from "vitest"
import { instrumented } from "../tools/mutants/instrument.ts"
import type { Result } from "../tools/mutants/Mutant.ts"
import { sampled } from "../tools/mutants/sample.ts"
import { interval, table } from "../tools/mutants/table.ts"

const CODE = "export const most = (a: number, b: number) => {\n  return a < b ? b : a\n}\n"
const mutantsOf = async (content: string) => (await instrumented([{ name: "most.ts", content, mutate: true }])).mutants

describe("mutants of a function", () => {
  it("have their place, and keep their keys when the lines around theirs change", async () => {
    const mutants = await mutantsOf(CODE)
    const less = mutants.filter(({ original }) => original === "a < b")
    assert.sameMembers(less.map(({ replacement }) => replacement), ["true", "false", "a <= b", "a >= b"])
    assert.deepStrictEqual(new Set(less.map(({ line, column }) => `${line}:${column}`)), new Set(["2:10"]))
    assert.strictEqual(new Set(mutants.map(({ key }) => key)).size, mutants.length)
    const later = await mutantsOf(`const one = 1\n\n${CODE}`)
    assert.includeMembers(later.map(({ key }) => key), less.map(({ key }) => key))
    const other = await mutantsOf(CODE.replace("? b : a", "? a : b"))
    assert.notIncludeMembers(other.map(({ key }) => key), less.map(({ key }) => key))
  })

  it("are chosen by the seed: a larger sample has the smaller one, another seed has others", async () => {
    const mutants = await mutantsOf(
      ["a", "b", "c"].map((name) => CODE.replace("most", name).replace("? b : a", `? b : a // ${name}`)).join("")
    )
    const keys = (size: number, seed: number) => sampled(mutants, size, seed).map(({ key }) => key)
    assert.deepStrictEqual(keys(20, 1).slice(0, 8), keys(8, 1))
    assert.notDeepEqual(keys(8, 2), keys(8, 1))
    assert.sameMembers(keys(mutants.length, 2), keys(mutants.length, 1))
  })
})

it("the table counts loops as killed, and what no test reaches as not killed", () => {
  const some = (status: Result["status"], times: number): ReadonlyArray<Result> =>
    Array.from({ length: times }, (_, i) => ({
      ...{
        key: `${status}${i}`,
        file: "src/core/rules/a.ts",
        line: 1,
        column: 1,
        mutator: "M",
        original: "a",
        replacement: "b"
      },
      status
    }))
  const text = table([...some("killed", 7), ...some("timeout", 2), ...some("survived", 2), ...some("uncovered", 1)])
  assert.match(text, /^all +12 +7 +2 +2 +1 +75\.0 % +46\.8 to 91\.1$/m)
})

it("the interval of a share is Wilson's", () => {
  const rounded = (hits: number, all: number) => interval(hits, all).map((share) => Math.round(share * 1000))
  assert.deepStrictEqual(rounded(85, 100), [767, 907])
  assert.deepStrictEqual(rounded(10, 10), [722, 1000])
  assert.deepStrictEqual(rounded(0, 0), [0, 1000])
})
