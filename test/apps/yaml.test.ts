/** YAML in configuration files: merge keys, keys that begin with x-, and plain messages for syntax errors. */
import { assert, describe, it } from "vitest"
import { jsonSchema } from "../../src/apps/config/jsonSchema.ts"
import { parse } from "../../src/apps/config/parse.ts"
import { render } from "../../src/apps/config/Problem.ts"
import { ConfigFile } from "../../src/core/schema/ConfigFile.ts"
import { command, inScratch } from "../support/command.ts"
import { violations } from "../support/conforms.ts"
import * as fs from "node:fs"
import * as path from "node:path"

const LISTENERS = `listeners: [{ name: web, listen: "127.0.0.1:1234", upstream: web }]\n`
const WEB = `upstreams: { web: { port: 443, candidates: ["198.18.0.1"] } }\n`
const GOOD = LISTENERS + WEB

const problemsOf = (text: string, environment = {}) =>
  parse(text, environment).problems.map((problem) => render("f", problem))
const settingsOf = (text: string) => {
  const { settings, problems } = parse(text)
  assert.deepStrictEqual(problems, [])
  return settings as NonNullable<typeof settings>
}

const merged = (own: string) =>
  `x-base: &base
  port: 8443
  candidates: ["198.18.0.1"]
  pool: { mode: fixed, size: 3 }
${LISTENERS}upstreams:
  web:
${own.split("\n").map((line) => `    ${line}`).join("\n")}
`

describe("a merge key", () => {
  it("brings in the keys of an anchor; keys beside it win, whether before or after it", () => {
    for (const own of ["<<: *base\nattempts: 5\nport: 9443", "attempts: 5\nport: 9443\n<<: *base"]) {
      const [web] = settingsOf(merged(own)).core.upstreams
      assert.deepInclude(web, { port: 9443, attempts: 5, candidates: [{ host: "198.18.0.1", port: 9443 }] })
      assert.deepInclude(web?.pool, { mode: "fixed", size: 3 })
    }
  })

  it("takes a list, in which the first one wins, and an inline section", () => {
    const text = `x-more: &more { port: 1, attempts: 7 }\n${merged("<<: [*more, *base, { bypass: true }]")}`
    assert.deepInclude(settingsOf(text).core.upstreams[0], { port: 1, attempts: 7, bypass: true })
  })

  it("may be in each of 301 upstreams", () => {
    const many = Array.from({ length: 300 }, (_, i) => `  u${i}: { <<: *base }`).join("\n")
    assert.lengthOf(settingsOf(`${merged("<<: *base")}${many}\n`).core.upstreams, 301)
  })

  it("that brings in a wrong value is a mistake at the location of the value", () => {
    assert.deepStrictEqual(problemsOf(merged("<<: *base").replace("size: 3", "size: 0")), [
      "f:4:24 upstreams.web.pool.size: expected a whole number from 1 to 1024, got 0"
    ])
  })

  it("that brings in no keys is a mistake at its location", () => {
    const what = "brings in the keys of a section: give it the alias of a section (*name), or a list of aliases"
    for (const value of ["5", "[1]", "", "*list"]) {
      const text = `x-list: &list [a]\n${merged(`<<: ${value}`)}`
      assert.deepStrictEqual(problemsOf(text), [`f:9:5 << ${what}`], value)
    }
  })

  it("is a mistake, like an alias, when it makes a file too large or brings in itself", () => {
    const level = (i: number) =>
      `x-${i}: &a${i}\n${"abcdefghi".split("").map((key) => `  ${key}: { <<: *a${i - 1} }`).join("\n")}\n`
    const bomb = `x-0: &a0 { a: 1 }\n${Array.from({ length: 12 }, (_, i) => level(i + 1)).join("")}`
    assert.deepStrictEqual(problemsOf(GOOD + bomb), [
      "f:1:1 aliases and merge keys bring in more than 250000 values: take some of them out"
    ])
    for (const itself of ["{ <<: *a }", "[*a]", "{ b: { c: *a } }"]) {
      assert.include(problemsOf(`${GOOD}x-a: &a ${itself}\n`)[0], "bring in more")
    }
    assert.deepStrictEqual(problemsOf(`${GOOD}x-a: &a { <<: *a }\n`), [
      "f:1:1 aliases and merge keys bring in more than 250000 values: take some of them out"
    ])
  })

  it("in quotes is an ordinary key", () => {
    assert.include(problemsOf(`${GOOD}"<<": { attempts: 3 }\n`)[0], "<<: unknown key")
  })
})

describe("keys that begin with x-", () => {
  it("may be in every section with any value, and change nothing", () => {
    const text = `x-top: { any: [1, "\${NOWHERE}"] }
${LISTENERS.replace("upstream: web", "upstream: web, x-note: mine")}
upstreams: { web: { port: 443, candidates: ["198.18.0.1"], x-owner: me, pool: { x-why: ~ } } }
`
    const { settings, effective, problems, warnings } = parse(text)
    assert.deepStrictEqual([problems, warnings], [[], []])
    assert.deepStrictEqual([settings, effective], [parse(GOOD).settings, parse(GOOD).effective])
    assert.deepStrictEqual(violations(jsonSchema(ConfigFile.ast), { "x-top": {}, upstreams: { web: { "x-a": [] } } }), [])
  })

  it("are ordinary names where names are expected", () => {
    const text = LISTENERS.replace("upstream: web", "upstream: x-web") + WEB.replace("web:", "x-web:")
    assert.deepStrictEqual(settingsOf(text).core.upstreams.map(({ name }) => name), ["x-web"])
  })
})

/** Terms of the parser's library, which mean nothing to the author of a file. */
const FOREIGN =
  /YAML\.|flow|implicit|node end|block (collection|seq)|token|scalar|compact|indicator|collection|resolve|anchor cannot/i

describe("a syntax error of YAML", () => {
  const cases: ReadonlyArray<readonly [name: string, text: string, place: string, words: RegExp]> = [
    ["two documents", `${GOOD}---\n${GOOD}`, "f:3:1", /second document.*take one of them out/],
    ["an address without quotes", "listeners:\n  - listen: [::1]:80\n", "f:2:18", /\[::1\]:80.* in quotes/],
    ["an address without quotes in { }", "listeners: [{ listen: [::1]:80, name: a }]\n", "f:1:", /\[::1\]:80.* in quotes/],
    ["an address without quotes in [ ]", "upstreams: { web: { candidates: [[::1]:80] } }\n", "f:1:", /in quotes/],
    [
      "an address without quotes in a list",
      "upstreams:\n  web:\n    candidates:\n      - [::1]:80\n",
      "f:4:14",
      /in quotes/
    ],
    ["a comment in JSON", '{\n  // hello\n  "listeners": []\n}', "f:2:3", /a comment begins with #/],
    ["a comment in JSON behind a value", '{\n  "attempts": 1 // hello\n}', "f:2:17", /a comment begins with #/],
    ["a comment in JSON behind a list", '{\n  "listeners": [] /* hello */\n}', "f:2:19", /a comment begins with #/],
    ["a section for a key", "? [a, b]\n: c\n", "f:1:3", /is not a key/],
    ["far too many brackets", "[".repeat(5_000), "f:1:", /nested too deeply/],
    ["a tab", "listeners:\n\t- name: web\n", "f:2:1", /tab.*spaces/],
    ["a line that is not indented like the others", "listeners:\n  - name: web\n   listen: x\n", "f:3:1", /indent/],
    ["two colons", "listeners: a: b\n", "f:1:12", /second colon/],
    ["a bracket that is not closed", "listeners: [ { name: web\n", "f:2:1", /not closed/],
    ["a quote that is not closed", 'log: { level: "info }\n', "f:2:1", /quote.*not closed/],
    ["a backslash", 'log: { output: "C:\\path" }\n', "f:1:19", /backslash/],
    ["a text that begins with @", "admin: { token: @s3cr3t }\n", "f:1:17", /in quotes/],
    ["an anchor without a name", "attempts: &\n", "f:1:11", /&/],
    ["a missing comma", 'listeners: [{ name: web listen: "x" }]\n', "f:1:", /comma/],
    ["a list in [ ]", "listeners: [\n- name: a\n]\n", "f:2:1", /.+/],
    ["a closing bracket too many", "listeners: []]\n", "f:1:14", /.+/],
    ["a key without a colon", "attempts 5\nlog: {}\n", "f:1:1", /colon/]
  ]

  it.each(cases)("gets one plain message a line: %s", (_name, text, place, words) => {
    const problems = problemsOf(text)
    assert.isTrue(problems[0]?.startsWith(place), problems.join("\n"))
    assert.match(problems[0] ?? "", words)
    assert.notMatch(problems.join("\n"), FOREIGN)
    assert.notInclude(problems.join("\n"), "s3cr3t")
    const lines = problems.map((problem) => problem.split(":")[1])
    assert.strictEqual(new Set(lines).size, lines.length, problems.join("\n"))
  })

  it("that is only a warning gets a plain message, too", () => {
    const { problems, warnings } = parse(`${GOOD}log: { level: !s3cr3t info }\n`)
    assert.deepStrictEqual(problems, [])
    assert.match(warnings[0]?.message ?? "", /tag.*ignored/)
    assert.notInclude(JSON.stringify(warnings), "s3cr3t")
  })

  it("makes `check` print no warning of the runtime", () =>
    inScratch(async (directory) => {
      const file = path.join(directory, "f.yaml")
      fs.writeFileSync(file, "upstreams: { web: { candidates: [[::1]:80] } }\n")
      const { code, stderr } = await command(["check", "--config", file])
      assert.strictEqual(code, 2)
      assert.strictEqual(stderr.trim().split("\n").length, 1, stderr)
    }))
})

describe("a number that is not finite", () => {
  it.each([[".nan", ".nan"], [".inf", ".inf"], ["-.inf", "-.inf"]])("is a mistake, shown as written: %s", (text, shown) => {
    assert.deepStrictEqual(problemsOf(`${GOOD}scoring: { jitterWeight: ${text} }\nattempts: ${text}\n`), [
      `f:3:12 scoring.jitterWeight: expected a number from 0 to 100, got ${shown}`,
      `f:4:1 attempts: expected a whole number from 1 to 64, got ${shown}`
    ])
    assert.deepStrictEqual(parse(`${GOOD}attempts: ${text}\n`).problems.map(({ value }) => value), [shown])
  })
})
