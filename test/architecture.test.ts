/** The imports between folders, and what their code may name. Each rule is shown to hold, and to be able to fail. */
import * as fs from "node:fs"
import { describe, expect, it } from "vitest"
import { oneOwnerEach } from "./support/candidateOwners.ts"
import { bundle, bundleFaults, MOST_CORE_BYTES } from "./support/coreBundle.ts"
import * as rules from "./support/rules.ts"
import type { Source } from "./support/sources.ts"
import { codeOf, importsOf, readSources } from "./support/sources.ts"
import { requestsAreOneWay, upstreamOwners } from "./support/upstreamOwners.ts"

const sources = readSources("src")
const plant = (path: string, text: string): ReadonlyArray<Source> => [...sources, { path, text }]

describe("the sources", () => {
  it("are all read", () => {
    expect(sources.map(({ path }) => path)).toEqual(expect.arrayContaining(["src/core/step.ts", "src/shell/Engine.ts"]))
    expect(sources.flatMap(importsOf).length).toBeGreaterThan(sources.length)
  })

  it("import no higher layer", () => expect(rules.layers(sources)).toEqual([]))
  it("of the dashboard take only types of the service", () => expect(rules.pageApart(sources)).toEqual([]))
  it("touch the platform only in adapters and apps", () => expect(rules.platformAtTheEdge(sources)).toEqual([]))
  it("of the core import nothing outside it", () => expect(rules.coreAlone(sources)).toEqual([]))
  it("are at most 300 lines each, reducers and rules at most 200", () => expect(rules.shortFiles(sources)).toEqual([]))
  it("of core, record and sim name no clock, no chance and no inexact arithmetic", () =>
    expect(rules.exactAndTimeless(sources)).toEqual([]))
  it("write each field of an upstream in one file of the core", () => expect(upstreamOwners(sources)).toEqual([]))
  it("read the requests of a step in step.ts and stages.ts alone", () => expect(requestsAreOneWay(sources)).toEqual([]))
  it("have no import cycles", () => expect(rules.noCycles(sources)).toEqual([]))
  it("of the data plane import neither state, configuration nor reducers", () =>
    expect(rules.planeSeesRoutes(sources)).toEqual([]))
  it("of rules import no reducer, and reducers hardly import each other", () =>
    expect(rules.reducersApart(sources)).toEqual([]))
  it("of the control plane import the data plane's ports alone", () => expect(rules.planesMeetAtPorts(sources)).toEqual([]))
  it("write each field of a candidate in one file of the core", () => expect(oneOwnerEach(sources)).toEqual([]))
  it("have no names such as utils, helpers or index", () => expect(rules.honestNames(sources)).toEqual([]))
})

describe("a planted violation is found", () => {
  const cases: ReadonlyArray<readonly [what: string, rule: rules.Rule, path: string, text: string, found: RegExp]> = [
    [
      "core imports record",
      rules.layers,
      "src/core/bad.ts",
      'import { link } from "../record/codec.ts"',
      /core\/bad.*record\/codec/
    ],
    ["core exports from the shell", rules.layers, "src/core/bad.ts", 'export * from "../shell/Engine.ts"', /shell\/Engine/],
    [
      "record imports the shell for a type",
      rules.layers,
      "src/record/bad.ts",
      'import type { A } from "../shell/A.ts"',
      /shell\/A/
    ],
    [
      "the shell imports an adapter dynamically",
      rules.layers,
      "src/shell/bad.ts",
      'await import("../adapters/a.ts")',
      /adapters\/a/
    ],
    ["an adapter imports an app", rules.layers, "src/adapters/x/bad.ts", 'import "../../apps/Live.ts"', /apps\/Live/],
    ["ingress imports the shell", rules.layers, "src/ingress/bad.ts", 'import "../shell/Engine.ts"', /shell\/Engine/],
    [
      "the shell imports the simulation",
      rules.layers,
      "src/shell/bad.ts",
      'import "../sim/Simulation.ts"',
      /sim\/Simulation/
    ],
    [
      "the package exports the simulation",
      rules.layers,
      "src/bad.ts",
      'export * from "./sim/Simulation.ts"',
      /sim\/Simulation.*for tests alone/
    ],
    ["the simulation imports an adapter", rules.layers, "src/sim/bad.ts", 'import "../adapters/a.ts"', /adapters\/a/],
    ["src imports a test", rules.layers, "src/apps/bad.ts", 'import "../../test/support/config.ts"', /outside src/],
    [
      "the shell imports package.json",
      rules.layers,
      "src/shell/bad.ts",
      'import p from "../../package.json"',
      /outside src/
    ],
    ["an unknown folder", rules.layers, "src/stuff/bad.ts", "", /does not know/],
    ["the shell imports node", rules.platformAtTheEdge, "src/shell/bad.ts", 'import * as net from "node:net"', /node:net/],
    ["the shell names Deno", rules.platformAtTheEdge, "src/shell/bad.ts", "export const a = Deno.pid", /global Deno/],
    [
      "record exports telemetry",
      rules.platformAtTheEdge,
      "src/record/bad.ts",
      'import "@opentelemetry/api"',
      /opentelemetry/
    ],
    ["core imports Effect", rules.coreAlone, "src/core/bad.ts", 'import * as Effect from "effect/Effect"', /effect\/Effect/],
    ["the schemas import more than Schema", rules.coreAlone, "src/core/schema/bad.ts", 'import "effect/Layer"', /Layer/],
    ["core imports its schemas", rules.coreAlone, "src/core/bad.ts", 'import { a } from "./schema/Event.ts"', /schemas/],
    [
      "core imports types of its schemas past the model",
      rules.coreAlone,
      "src/core/bad.ts",
      'import type { A } from "./schema/Event.ts"',
      /schemas/
    ],
    [
      "the model imports a schema beside types of it",
      rules.coreAlone,
      "src/core/model/bad.ts",
      'import type { A } from "../schema/Event.ts"\nimport { a } from "../schema/Event.ts"',
      /schemas/
    ],
    [
      "the dashboard takes code of the service",
      rules.pageApart,
      "src/dashboard/parts/bad.tsx",
      'import { statusOf } from "../../shell/status.ts"',
      /takes code of src\/shell\/status/
    ],
    [
      "the dashboard imports an adapter for a type",
      rules.layers,
      "src/dashboard/bad.ts",
      'import type { Permits } from "../adapters/admin/Permits.ts"',
      /\(dashboard\) imports/
    ],
    ["400 lines", rules.shortFiles, "src/core/bad.ts", "const a = 1\n".repeat(400), /400 lines/],
    ["a reducer of 201 lines", rules.shortFiles, "src/core/reducers/bad.ts", "//\n".repeat(201), /201 lines, 200 are/],
    ["301 lines without a last newline", rules.shortFiles, "src/core/bad.ts", `${"//\n".repeat(300)}//`, /301 lines/],
    [
      "a reducer writes the race of an upstream, among other fields",
      upstreamOwners,
      "src/core/reducers/bad.ts",
      "export const bad = (one: Upstream) => ({ ...one, extra: { a: 1 }, race: 0 })",
      /^src\/core\/reducers\/bad\.ts writes race, which src\/core\/upstream\/firstUse\.ts owns$/m
    ],
    [
      "an owner writes a field of another owner by its short name",
      upstreamOwners,
      "src/core/upstream/rounds.ts",
      "export const bad = (one: Upstream, shut: number) => ({ ...one, shut })",
      /upstream\/rounds\.ts writes shut/
    ],
    [
      "a reducer hands out parts of an upstream",
      upstreamOwners,
      "src/core/reducers/bad.ts",
      "export const bad: Partial<Upstream> = {}",
      /bad\.ts has parts of Upstream/
    ],
    [
      "an upstream gets a field without an owner",
      upstreamOwners,
      "src/core/model/Upstream.ts",
      "export interface Upstream {\n  readonly colour: string\n}",
      /^colour of Upstream has no owner$/m
    ],
    [
      "a reducer reads what upstreams are started",
      requestsAreOneWay,
      "src/core/reducers/bad.ts",
      "export const bad = (step: Step) => step.requests.started.size",
      /bad\.ts reads the requests/
    ],
    ["a clock in core", rules.exactAndTimeless, "src/core/bad.ts", "export const now = () => Date.now()", /Date/],
    ["a clock in a template", rules.exactAndTimeless, "src/record/bad.ts", "`${performance.now()}`", /performance/],
    ["a clock in the simulation", rules.exactAndTimeless, "src/sim/bad.ts", "setTimeout(() => {}, 1)", /setTimeout/],
    ["an exponential", rules.exactAndTimeless, "src/core/bad.ts", "const a = Math.exp(-1)", /Math\.exp/],
    ["random numbers", rules.exactAndTimeless, "src/core/bad.ts", "const a = Math.random()", /Math\.random/],
    ["a destructured Math", rules.exactAndTimeless, "src/core/bad.ts", "const { pow } = Math", /Math itself/],
    ["a power of a variable", rules.exactAndTimeless, "src/core/bad.ts", "const a = b ** 0.5", /b \*\* 0\.5/],
    ["a timer", rules.exactAndTimeless, "src/record/bad.ts", "setTimeout(() => {}, 1)", /setTimeout/],
    ["an interval", rules.exactAndTimeless, "src/record/bad.ts", "setInterval(f)", /setInterval/],
    ["the process", rules.exactAndTimeless, "src/record/bad.ts", "if (process.env.A) b()", /process/],
    ["a promise", rules.exactAndTimeless, "src/record/bad.ts", "async () => { await a }", /async[^]*await/],
    ["order by locale", rules.exactAndTimeless, "src/core/bad.ts", "a.localeCompare(b)", /localeCompare/],
    ["a file that imports itself", rules.noCycles, "src/core/bad.ts", 'import "./bad.ts"', /bad\.ts -> src\/core\/bad\.ts/],
    [
      "the data plane imports the control plane",
      rules.layers,
      "src/plane/bad.ts",
      'import "../shell/Engine.ts"',
      /shell\/Engine/
    ],
    ["the data plane imports the record", rules.layers, "src/plane/bad.ts", 'import "../record/codec.ts"', /record\/codec/],
    [
      "the data plane imports the configuration for a type",
      rules.planeSeesRoutes,
      "src/plane/bad.ts",
      'import type { Config } from "../core/model/Config.ts"',
      /plane\/bad\.ts -> src\/core\/model\/Config/
    ],
    [
      "a port of the data plane imports the state",
      rules.planeSeesRoutes,
      "src/plane/ports/bad.ts",
      'import type { State } from "../../core/model/State.ts"',
      /model\/State/
    ],
    [
      "the data plane imports a reducer",
      rules.planeSeesRoutes,
      "src/plane/bad.ts",
      'import { scoreOf } from "../core/reducers/score.ts"',
      /reducers\/score/
    ],
    [
      "the data plane reaches the state by way of another file",
      rules.planeSeesRoutes,
      "src/plane/bad.ts",
      'import { routesOf } from "../core/routes.ts"',
      /plane\/bad\.ts -> src\/core\/routes\.ts -> .*model\/State/
    ],
    [
      "the control plane imports the warm pool",
      rules.planesMeetAtPorts,
      "src/shell/bad.ts",
      'import type { WarmPool } from "../plane/WarmPool.ts"',
      /plane\/WarmPool\.ts, which is no port/
    ],
    [
      "a reducer writes the queue of a candidate",
      oneOwnerEach,
      "src/core/reducers/bad.ts",
      'export const bad = (one: Candidate): Candidate => ({ ...one, queue: "urgent" })',
      /^src\/core\/reducers\/bad\.ts writes queue, which src\/core\/candidate\/queue\.ts owns$/m
    ],
    [
      "a reducer writes the costs of a candidate by their short names, among others",
      oneOwnerEach,
      "src/core/reducers/bad.ts",
      "export const bad = (one: Candidate, costMs: number) => f({ a: { b: 1 }, ...one, costMs })",
      /bad\.ts writes costMs/
    ],
    [
      "a reducer writes the breaker of a candidate, but not each time",
      oneOwnerEach,
      "src/core/reducers/bad.ts",
      "export const bad = (one: Candidate) => ({ ...one, ...(isOpen(one) ? { breaker } : {}) })",
      /bad\.ts writes breaker/
    ],
    [
      "a reducer hands out parts of a candidate",
      oneOwnerEach,
      "src/core/reducers/bad.ts",
      "export const bad: Partial<Candidate> = {}",
      /bad\.ts has parts of a candidate/
    ],
    [
      "a candidate gets a field without an owner",
      oneOwnerEach,
      "src/core/model/Candidate.ts",
      "export interface Candidate {\n  readonly colour: string\n}",
      /^colour of a candidate has no owner$/m
    ],
    [
      "a rule imports a reducer",
      rules.reducersApart,
      "src/core/rules/bad.ts",
      'import { score } from "../reducers/score.ts"',
      /rules\/bad\.ts imports the reducer/
    ],
    [
      "a reducer imports too many others",
      rules.reducersApart,
      "src/core/reducers/bad.ts",
      ["score", "breaker"].map((name) => `import { ${name} } from "./${name}.ts"`).join("\n"),
      /6 imports between reducers/
    ],
    ["utils", rules.honestNames, "src/core/utils.ts", "", /utils/],
    ["a folder of helpers", rules.honestNames, "src/shell/helpers/x.ts", "", /helpers/],
    ["an index", rules.honestNames, "src/core/index.ts", "", /index/]
  ]
  it.each(cases)("%s", (_what, rule, path, text, found) => {
    expect(rule(plant(path, text)).join("\n")).toMatch(found)
  })

  it("an import cycle of three files", () => {
    const circle = ["a", "b", "c"].map((name, i, all) => ({
      path: `src/core/${name}.ts`,
      text: `import type { X } from "./${all[(i + 1) % 3]}.ts"`
    }))
    expect(rules.noCycles(circle)).toEqual(["cycle: src/core/a.ts -> src/core/b.ts -> src/core/c.ts -> src/core/a.ts"])
  })
})

describe("reading code", () => {
  it("skips comments, strings and regular expressions, but not code in templates", () => {
    const text = ['const a = "Date" // Date', "/* Date */ const b = /Date'/.test(c)", "const d = `Date ${e(`${f}`)} Date`"]
    expect(codeOf(text.join("\n"))).toBe(['const a = "" ', " const b = //.test(c)", "const d = `${e(`${f}`)}`"].join("\n"))
    expect(rules.exactAndTimeless([{ path: "src/core/fine.ts", text: text.join("\n") }])).toEqual([])
  })

  it("finds the end of a regular expression behind a slash in a class", () => {
    expect(codeOf("const a = /^[/][/*]/.test(b) // Date\nDate.now()")).toBe("const a = //.test(b) \nDate.now()")
  })

  it("finds every form of import, and none in comments", () => {
    const text =
      'import a from "a"\nimport {\n  b\n} from "../b.ts"\nexport * from "./c.ts"\nimport "d"\nimport("e")\n// import "f"'
    const found = importsOf({ path: "src/core/x.ts", text })
    expect(found.map(({ specifier, target }) => target ?? specifier)).toEqual(["a", "src/b.ts", "src/core/c.ts", "d", "e"])
  })

  it("tells imports of types from all others", () => {
    const text = [
      'import type A from "a"',
      "export type {\n  B\n} from 'b'",
      'export { C } from "c"',
      'await import("d")',
      'import "e"'
    ]
      .join("\n")
    const types = importsOf({ path: "src/core/x.ts", text }).filter(({ isType }) => isType)
    expect(types.map(({ specifier }) => specifier)).toEqual(["a", "b"])
  })
})

describe("the drawing in docs/architecture.md", () => {
  const drawn = rules.layersDrawn(fs.readFileSync("docs/architecture.md", "utf8"))
  const built = new Set(sources.map(({ path }) => /^src\/([^/]+)\//.exec(path)?.[1]).filter((layer) => layer !== undefined))

  it("has the layers that there are, and no other", () => expect(drawn.toSorted()).toEqual([...built].toSorted()))
  it("has them in the order in which they import", () => expect(rules.drawnUpwards(drawn)).toEqual([]))
  it("would be found out upside down", () => expect(rules.drawnUpwards(drawn.toReversed())).not.toEqual([]))
})

describe("the core's bundle", () => {
  const names = ["step", "advance", "pick", "routes", "state", "restore", "deadline"]
  const entry = names.map((name) => `export * from "./core/${name}.ts"`).join("\n")

  it("is small and contains nothing of Effect", async () => {
    const made = await bundle(entry)
    expect(bundleFaults(made)).toEqual([])
    expect(made.modules.length).toBeGreaterThan(15)
    expect(made.bytes).toBeGreaterThan(5_000)
  })

  it("is reported when it contains Effect", async () => {
    const made = await bundle(`${entry}\nexport { decodeEntry } from "./core/schema/Event.ts"`)
    expect(bundleFaults(made).join("\n")).toMatch(/too many[^]*node_modules/)
  })

  it("is reported when it grows", () => {
    expect(bundleFaults({ bytes: MOST_CORE_BYTES, modules: [] })).toHaveLength(1)
  })
})
