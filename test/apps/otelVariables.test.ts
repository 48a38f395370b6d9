/** OpenTelemetry's variables: each one of its specification has an effect or is named in a warning. */
import * as Redacted from "effect/Redacted"
import * as net from "node:net"
import { assert, describe, it } from "vitest"
import { isTraced } from "../../src/adapters/otel/options.ts"
import { parse } from "../../src/apps/config/parse.ts"
import { render } from "../../src/apps/config/Problem.ts"
import { inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { ask, named, serve, until } from "../support/servers.ts"
import { fakeCollector } from "../support/telemetry.ts"

type Variables = Readonly<Record<string, string>>

const TO = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" }

function read(variables: Variables, more = "") {
  const text = `listeners: [{ name: web, listen: "127.0.0.1:1234", upstream: web }]
upstreams: { web: { port: 443, candidates: ["198.18.0.1"] } }
${more}`
  const { settings, warnings } = parse(text, variables)
  assert.isDefined(settings)
  const { telemetry } = settings as NonNullable<typeof settings>
  return { telemetry, traced: isTraced(telemetry), warnings: warnings.map((one) => render("f", one)) }
}

describe("OTEL_TRACES_EXPORTER", () => {
  it.each([
    ["otlp", true, 0],
    ["none", false, 0],
    ["otlp,console", true, 1],
    ["console", false, 1],
    ["zipkin", false, 1],
    ["oltp", true, 1]
  ])("%s: traces are sent: %s, warnings: %d", (value, isSent, told) => {
    const { traced, warnings } = read({ ...TO, OTEL_TRACES_EXPORTER: value })
    assert.deepStrictEqual([traced, warnings.length], [isSent, told], warnings.join("\n"))
    if (told > 0) assert.match(warnings[0] ?? "", /variable OTEL_TRACES_EXPORTER .*otlp/)
  })

  it("as none, and OTEL_SDK_DISABLED, turn traces off whatever the file says", () => {
    const more = 'telemetry: { otlp: { endpoint: "http://f:4318" } }'
    assert.isTrue(read({}, more).traced)
    assert.isFalse(read({ OTEL_TRACES_EXPORTER: "none" }, more).traced)
    assert.isFalse(read({ OTEL_SDK_DISABLED: "TRUE" }, more).traced)
    const unclear = read({ OTEL_SDK_DISABLED: "yes" }, more)
    assert.isTrue(unclear.traced)
    assert.include(unclear.warnings[0], "variable OTEL_SDK_DISABLED is ignored: expected true or false")
  })
})

describe("OTEL_TRACES_SAMPLER", () => {
  it.each<[string, string | undefined, number, number]>([
    ["always_on", undefined, 1, 0],
    ["always_off", undefined, 0, 0],
    ["parentbased_always_on", "0.5", 1, 0],
    ["parentbased_always_off", undefined, 0, 0],
    ["traceidratio", "0.25", 0.25, 0],
    ["traceidratio", undefined, 1, 0],
    ["traceidratio", "often", 1, 1],
    ["parentbased_traceidratio", "0.25", 0.25, 0],
    ["jaeger_remote", "endpoint=http://j", 1, 1]
  ])("%s with the argument %s samples %d, warnings: %d", (sampler, arg, ratio, told) => {
    const argument = arg === undefined ? undefined : { OTEL_TRACES_SAMPLER_ARG: arg }
    const { telemetry, warnings } = read({ ...TO, OTEL_TRACES_SAMPLER: sampler, ...argument })
    assert.deepStrictEqual([telemetry.otlp.sampleRatio, warnings.length], [ratio, told], warnings.join("\n"))
    for (const warning of warnings) assert.match(warning, /OTEL_TRACES_SAMPLER/)
  })

  it("is overridden by a ratio in the file, with a warning", () => {
    const { telemetry, warnings } = read(
      { ...TO, OTEL_TRACES_SAMPLER: "always_off" },
      "telemetry: { otlp: { sampleRatio: 0.5 } }"
    )
    assert.strictEqual(telemetry.otlp.sampleRatio, 0.5)
    assert.include(warnings[0], "OTEL_TRACES_SAMPLER is ignored: telemetry.otlp.sampleRatio in the file wins")
  })
})

describe("an OTLP protocol that is not supported", () => {
  it.each(["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])("in %s causes a warning", (name) => {
    assert.deepStrictEqual(read({ ...TO, [name]: "http/json" }).warnings, [])
    assert.match(read({ ...TO, [name]: "grpc" }).warnings[0] ?? "", new RegExp(`${name} .*http/json.*4318`))
    assert.match(read({ ...TO, [name]: "http/protobuf" }).warnings[0] ?? "", new RegExp(`${name} .*http/json`))
  })

  it("is assumed of port 4317, with a warning at its location", () => {
    const inFile = read({}, 'telemetry: { otlp: { endpoint: "http://c:4317" } }').warnings
    assert.match(inFile[0] ?? "", /^f:3:\d+ telemetry\.otlp\.endpoint: port 4317 .*gRPC.*4318/)
    for (const name of ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]) {
      assert.match(read({ [name]: "http://c:4317" }).warnings[0] ?? "", new RegExp(`${name}: port 4317 .*gRPC.*4318`))
    }
    assert.deepStrictEqual(read({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:43170" }).warnings, [])
  })
})

describe("the specification's variables", () => {
  const honoured: Variables = {
    ...TO,
    OTEL_SDK_DISABLED: "false",
    OTEL_RESOURCE_ATTRIBUTES: "a=b",
    OTEL_SERVICE_NAME: "edge",
    OTEL_TRACES_SAMPLER: "traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.5",
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_METRICS_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
    OTEL_BSP_SCHEDULE_DELAY: "100",
    OTEL_BSP_EXPORT_TIMEOUT: "100",
    OTEL_BSP_MAX_QUEUE_SIZE: "100",
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "100",
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "100",
    OTEL_ATTRIBUTE_COUNT_LIMIT: "100",
    OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: "100",
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: "100",
    OTEL_SPAN_EVENT_COUNT_LIMIT: "100",
    OTEL_SPAN_LINK_COUNT_LIMIT: "100",
    OTEL_EXPORTER_OTLP_TIMEOUT: "100",
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "100",
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "none",
    OTEL_EXPORTER_OTLP_HEADERS: "a=b",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "a=b",
    OTEL_EXPORTER_OTLP_CERTIFICATE: "ca.pem",
    OTEL_EXPORTER_OTLP_CLIENT_KEY: "key.pem",
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: "cert.pem"
  }
  const passedOver: Variables = {
    OTEL_METRICS_EXPORTER: "otlp",
    OTEL_LOGS_EXPORTER: "otlp",
    OTEL_PROPAGATORS: "b3",
    OTEL_LOG_LEVEL: "debug",
    OTEL_ENTITIES: "host{a=b}",
    OTEL_BLRP_SCHEDULE_DELAY: "1",
    OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: "1",
    OTEL_METRIC_EXPORT_INTERVAL: "1",
    OTEL_METRICS_EXEMPLAR_FILTER: "always_on",
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://s3cr3t",
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: "s3cr3t=s3cr3t",
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://s3cr3t",
    OTEL_EXPORTER_OTLP_INSECURE: "true",
    OTEL_EXPORTER_OTLP_TRACES_INSECURE: "true",
    OTEL_EXPORTER_PROMETHEUS_PORT: "9464",
    OTEL_EXPORTER_ZIPKIN_ENDPOINT: "http://s3cr3t",
    OTEL_CONFIG_FILE: "/s3cr3t"
  }

  it("that have an effect cause no warning", () => {
    assert.deepStrictEqual(read(honoured).warnings, [])
  })

  it.each(Object.entries(passedOver))(
    "that have no effect are named in a warning, without their value: %s",
    (name, value) => {
      const { warnings } = read({ [name]: value })
      assert.lengthOf(warnings, 1)
      assert.include(warnings[0], `the environment variable ${name} `)
      assert.notInclude(warnings[0], "s3cr3t")
    }
  )

  it("that are empty cause no warning, nor do those of other programs", () => {
    const empty = Object.fromEntries(Object.keys(passedOver).map((name) => [name, " "]))
    assert.deepStrictEqual(read({ ...empty, OTEL_PYTHON_ID_GENERATOR: "xray", OTEL_DENO: "true" }).warnings, [])
  })

  it.each([
    ["OTEL_BSP_SCHEDULE_DELAY", "soon"],
    ["OTEL_BSP_MAX_QUEUE_SIZE", "-1"],
    ["OTEL_BSP_MAX_QUEUE_SIZE", "many"],
    ["OTEL_EXPORTER_OTLP_TIMEOUT", "10s"],
    ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "zstd"],
    ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "few"]
  ])("with an invalid value are named in a warning: %s=%s", (name, value) => {
    assert.match(read({ [name]: value }).warnings[0] ?? "", new RegExp(`variable ${name} is ignored: expected `))
  })

  it("for traces alone win over those for all signals", () => {
    const both = { ...TO, OTEL_EXPORTER_OTLP_HEADERS: "a=all,b=all", OTEL_EXPORTER_OTLP_TRACES_HEADERS: "a=traces" }
    assert.deepStrictEqual(Redacted.value(read(both).telemetry.otlp.headers), { a: "traces", b: "all" })
  })
})

/** Runs the program under these variables with one client through it. */
const run = (env: Variables) =>
  inScratch(async (directory) => {
    const server = await named("good")
    const running = start(["run", "--config", writeConfig(directory, { candidates: [server.port] })], { env })
    await until("it listens", () => portOf(running) !== undefined)
    assert.strictEqual(await ask(portOf(running) as number), "good")
    running.kill("SIGTERM")
    const { code, stderr } = await running.ended
    await server.stop()
    assert.strictEqual(code, 0, stderr)
    return stderr
  })

describe("the program", () => {
  it.each<[Variables, boolean]>([
    [{}, true],
    [{ OTEL_TRACES_EXPORTER: "none" }, false],
    [{ OTEL_TRACES_SAMPLER: "always_off" }, false]
  ])("under %j sends traces: %s", async (variables, isSent) => {
    const collector = await fakeCollector()
    await run({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...variables })
    assert.strictEqual(collector.requests() > 0, isSent)
    await collector.stop()
  })

  it("sends compressed traces with the headers for traces, and masks these in its log", async () => {
    const collector = await fakeCollector((response) => response.writeHead(400, "no to hunter2-hunter2").end())
    const stderr = await run({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "authorization=hunter2-hunter2",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip"
    })
    assert.deepInclude(collector.headers()[0], { authorization: "hunter2-hunter2", "content-encoding": "gzip" })
    assert.match(stderr, /telemetry was dropped.*no to \*\*\*/)
    await collector.stop()
  })

  it("limits the attributes of spans by OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", async () => {
    const collector = await fakeCollector()
    await run({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: "2" })
    const counts = collector.spans().map(({ attributes }) => Object.keys(attributes).length)
    assert.isNotEmpty(counts)
    assert.strictEqual(Math.max(...counts), 2)
    await collector.stop()
  })

  it("names gRPC in its log when a collector's answer is not HTTP/1", async () => {
    // The first frame of HTTP/2: empty SETTINGS.
    const grpc = await serve((socket: net.Socket) => socket.end(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])))
    const stderr = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${grpc.port}` })
    await grpc.stop()
    assert.match(stderr, /telemetry was dropped.*OTLP over gRPC/)
  })

  it("sends no traces when the given certificates cannot be read", async () => {
    const collector = await fakeCollector()
    const stderr = await run({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_CERTIFICATE: "/nowhere/ca.pem"
    })
    assert.match(stderr, /no traces are sent.*OTEL_EXPORTER_OTLP_CERTIFICATE/)
    assert.strictEqual(collector.requests(), 0)
    await collector.stop()
  })
})
