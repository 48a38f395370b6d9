/** Values from the environment, and secrets that are never shown. */
import * as Redacted from "effect/Redacted"
import { assert, describe, it } from "vitest"
import { parse } from "../../src/apps/config/parse.ts"
import { render } from "../../src/apps/config/Problem.ts"
import { parse as parseYaml } from "yaml"

const file = (more: string, listen = "127.0.0.1:1234") =>
  `listeners: [{ name: web, listen: "${listen}", upstream: web }]
upstreams: { web: { port: 443, candidates: ["198.18.0.1"] } }
${more}
`
const problems = (text: string, environment = {}) => parse(text, environment).problems.map((one) => render("f", one))

const ON_DENO = "Deno" in globalThis ? ", let Deno see it (--allow-env)" : ""

describe("a value from the environment", () => {
  it("is put in anywhere in a text, more than once, and is not expanded itself", () => {
    const text = file('log: { output: "/${A}/${B}-$${A}" }')
    assert.strictEqual(parse(text, { A: "var", B: "${A}" }).settings?.log.output, "/var/${A}-${A}")
  })

  it("becomes a number, a boolean or a text as its key requires, in YAML and in JSON", () => {
    const environment = { PORT: "8443", ON: "false", TOKEN: "12345", RATIO: "0.25" }
    const more = `breaker: { enabled: "\${ON}" }
admin: { token: "\${TOKEN}" }
telemetry: { otlp: { sampleRatio: "\${RATIO}" } }`
    const yaml = file(more).replace("port: 443", 'port: "${PORT}"')
    for (const text of [yaml, JSON.stringify(parseYaml(yaml))]) {
      const { settings, problems } = parse(text, environment)
      assert.deepStrictEqual(problems, [])
      assert.strictEqual(settings?.core.upstreams[0]?.port, 8443)
      assert.strictEqual(settings?.core.upstreams[0]?.breaker.enabled, false)
      assert.strictEqual(settings?.telemetry.otlp.sampleRatio, 0.25)
      assert.strictEqual(settings?.admin?.token === null ? "" : Redacted.value(settings!.admin!.token), "12345")
    }
  })

  it("needs no quotes on a line of its own in YAML", () => {
    assert.strictEqual(parse(file("log:\n  level: ${LEVEL}"), { LEVEL: "warn" }).settings?.log.level, "warn")
  })

  it("that is not set is a mistake with its location, unless it has a default", () => {
    assert.deepStrictEqual(problems(file("log:\n  output: ${LOG}")), [
      `f:4:3 log.output: the environment variable LOG is not set: set it${ON_DENO}, or give a default with \${LOG:-default}`
    ])
    assert.strictEqual(parse(file("log:\n  output: ${LOG:-stdout}")).settings?.log.output, "stdout")
    assert.strictEqual(parse(file("log:\n  output: ${LOG:-stdout}"), { LOG: "" }).settings?.log.output, "stdout")
    assert.strictEqual(parse(file("log:\n  output: ${LOG:-stdout}"), { LOG: "/x" }).settings?.log.output, "/x")
  })

  it.each(["${", "${A", "${1}", "${a b}"])("is a mistake when its reference is malformed: %s", (text) => {
    assert.match(
      problems(file(`log: { output: '${text}' }`), { A: "x" })[0] ?? "",
      /f:3:8 log\.output: has a \$\{ that begins/
    )
  })

  it("is masked when it is wrong, and no similar name is suggested", () => {
    const text = file('log: { level: "${LEVEL}" }\nsession: { idle: "${IDLE}" }').replace(
      "upstream: web",
      'upstream: "${UP}"'
    )
    const said = problems(text, { LEVEL: "inf-s3cr3t", IDLE: "s3cr3t", UP: "wbe" }).join("\n")
    assert.include(said, "log.level: expected one of debug, info, warn, error, got ***")
    assert.include(said, "session.idle: expected a duration")
    assert.include(said, "there is no upstream ***, known upstreams are web")
    assert.notMatch(said, /s3cr3t|wbe/)
  })

  it("is masked as a user, a password or a query in a URL, even when written in the file", () => {
    for (const url of ["http://user:hunter2@c:4318", "http://c:4318/?key=hunter2", "https://hunter2@c/v1?key=hunter2"]) {
      const { problems } = parse(file(`telemetry: { otlp: { endpoint: "${url}" } }`), {})
      assert.lengthOf(problems, 1)
      assert.notInclude(JSON.stringify(problems), "hunter2")
      assert.include(problems[0]?.message, "***")
    }
  })

  it("is a mistake without quotes where YAML needs them", () => {
    assert.include(
      problems(file("log: { output: ${LOG} }"), { LOG: "x" })[0],
      'inside { } and [ ] write "${NAME}" in quotes'
    )
  })
})

describe("a secret", () => {
  const SECRET = "s3cr3t-t0ken"
  const everything = (text: string, environment = {}) => {
    const parsed = parse(text, environment)
    return JSON.stringify(parsed) + parsed.problems.map((one) => render("f", one)).join("\n")
  }

  it.each([
    ["written in the file", file(`admin: { token: ${SECRET} }`)],
    ["from the environment", file('admin: { token: "${TOKEN}" }')],
    ["with characters that a token cannot have", file(`admin: { token: "${SECRET} with spaces" }`)],
    ["that is a list", file(`admin: { token: [${SECRET}] }`)],
    ["in place of its section", file(`admin: ${SECRET}`)],
    ["under a mistyped name", file(`admin: { tokn: ${SECRET} }`)],
    ["that YAML takes for an alias", file(`admin: { token: *${SECRET} }`)],
    ["that YAML takes for a tag", file(`admin: { token: !${SECRET} }`)],
    ["written twice", file(`admin:\n  token: ${SECRET}\n  token: ${SECRET}2`)],
    ["of a header", file("")]
  ])("%s appears in neither settings nor messages", (_name, text) => {
    const environment = { TOKEN: SECRET, OTEL_EXPORTER_OTLP_HEADERS: `authorization=${SECRET}` }
    assert.notInclude(everything(text, environment), "s3cr3t")
  })

  it("is shown as *** in the configuration in force, and as empty when there is none", () => {
    const token = (more: string) => (parse(file(more)).effective as { admin: { token: string } }).admin.token
    assert.strictEqual(token(`admin: { token: ${SECRET} }`), "***")
    assert.strictEqual(token(""), "")
  })
})

describe("OpenTelemetry's variables", () => {
  const telemetry = (environment: Record<string, string>, more = "") => parse(file(more), environment).settings?.telemetry

  it("set the endpoint of the collector, and a separate one for traces", () => {
    assert.strictEqual(telemetry({})?.otlp.endpoint, "")
    const base = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318/" }
    assert.strictEqual(telemetry(base)?.otlp.endpoint, "http://c:4318/v1/traces")
    const traces = { ...base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://t/in" }
    assert.strictEqual(telemetry(traces)?.otlp.endpoint, "https://t/in")
    assert.strictEqual(telemetry({ ...traces, OTEL_SDK_DISABLED: "true" })?.otlp.endpoint, "")
  })

  it("are overridden by the file", () => {
    const more = 'telemetry: { otlp: { endpoint: "http://f:4318", sampleRatio: 1 } }'
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318", OTEL_TRACES_SAMPLER_ARG: "0.5" }
    assert.deepInclude(telemetry(environment, more)?.otlp, { endpoint: "http://f:4318/v1/traces", sampleRatio: 1 })
    assert.strictEqual(telemetry(environment)?.otlp.sampleRatio, 0.5)
  })

  it("set the service's name, its resource attributes and the headers", () => {
    const environment = {
      OTEL_RESOURCE_ATTRIBUTES: "service.name=a,deployment.environment=x%20y",
      OTEL_EXPORTER_OTLP_HEADERS: "k=v"
    }
    const read = telemetry(environment)
    assert.deepInclude(read, { serviceName: "a", attributes: { "deployment.environment": "x y" } })
    assert.deepStrictEqual(read === undefined ? {} : Redacted.value(read.otlp.headers), { k: "v" })
    assert.strictEqual(telemetry({ ...environment, OTEL_SERVICE_NAME: "b" })?.serviceName, "b")
    assert.strictEqual(telemetry({})?.serviceName, "fairlead")
  })

  it("are ignored when they are invalid, with a warning that does not show their values", () => {
    const { settings, warnings } = parse(file(""), {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://u:s3cr3t@c",
      OTEL_TRACES_SAMPLER_ARG: "often",
      OTEL_EXPORTER_OTLP_HEADERS: "s3cr3t"
    })
    assert.strictEqual(settings?.telemetry.otlp.endpoint, "")
    assert.lengthOf(warnings, 3)
    assert.notInclude(JSON.stringify(warnings), "s3cr3t")
  })
})
