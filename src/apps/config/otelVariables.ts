/**
 * Environment variables of OpenTelemetry's SDK that `telemetryOf.ts` does not read. Numbers and choices go to the SDK, which
 * ignores wrong values in silence, so they are checked here. Variables without an effect get a warning.
 */
import type { Environment } from "./environment.ts"

/** A variable by its name, and the message about it. Its value may be a secret. */
export interface VariableWarning {
  readonly name: string
  readonly message: string
}

export const textOf = (environment: Environment, name: string): string => environment[name]?.trim() ?? ""

export const passedOver = (name: string, why: string): VariableWarning => ({ name, message: `is ignored: ${why}` })

const NUMBERS = [
  "OTEL_BSP_SCHEDULE_DELAY",
  "OTEL_BSP_EXPORT_TIMEOUT",
  "OTEL_BSP_MAX_QUEUE_SIZE",
  "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
  "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
  "OTEL_ATTRIBUTE_COUNT_LIMIT",
  "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
  "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
  "OTEL_EXPORTER_OTLP_TIMEOUT",
  "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"
]
const COMPRESSIONS = ["OTEL_EXPORTER_OTLP_COMPRESSION", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION"]
const PROTOCOLS = ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"]

const NO_METRICS = "Fairlead sends no metrics; they are read from /metrics on the admin port"
const NO_LOGS = "Fairlead sends no logs; they go where log.output says"

/** Variables without an effect, and what to use instead. `isHosts`: in a program they are the program's own business. */
const WITHOUT_EFFECT: ReadonlyArray<{ readonly names: RegExp; readonly why: string; readonly isHosts: boolean }> = [
  {
    names: /^OTEL_EXPORTER_OTLP_METRICS_|^OTEL_METRICS?_EX(PORT_|EMPLAR_)|^OTEL_EXPORTER_PROMETHEUS_/,
    why: NO_METRICS,
    isHosts: true
  },
  { names: /^OTEL_EXPORTER_OTLP_LOGS_|^OTEL_BLRP_|^OTEL_LOGRECORD_/, why: NO_LOGS, isHosts: true },
  { names: /^OTEL_PROPAGATORS$/, why: "forwarded bytes carry no trace context", isHosts: true },
  { names: /^OTEL_LOG_LEVEL$/, why: "log.level has this effect", isHosts: true },
  { names: /^OTEL_(EXPERIMENTAL_)?CONFIG_FILE$/, why: "the section telemetry has this effect", isHosts: true },
  { names: /^OTEL_ENTITIES$/, why: "OTEL_RESOURCE_ATTRIBUTES has this effect", isHosts: true },
  {
    names: /^OTEL_EXPORTER_OTLP_(TRACES_|SPAN_)?INSECURE$/,
    why: "http or https in the endpoint says whether TLS is used",
    isHosts: false
  },
  { names: /^OTEL_EXPORTER_(ZIPKIN|JAEGER)_/, why: "Fairlead sends traces only by OTLP", isHosts: true }
]

/** `embedded`: the program itself sends other signals, or does not. */
export function variableWarnings(environment: Environment, embedded: boolean): ReadonlyArray<VariableWarning> {
  const text = (name: string) => textOf(environment, name)
  const numbers = NUMBERS.filter((name) => text(name) !== "" && !/^\d+$/.test(text(name)))
  const compressions = COMPRESSIONS.filter((name) => !["", "gzip", "none"].includes(text(name)))
  const unheard = Object.keys(environment).filter((name) => text(name) !== "").flatMap((name) => {
    const found = WITHOUT_EFFECT.find(({ names }) => names.test(name))
    return found === undefined || (embedded && found.isHosts) ? [] : [passedOver(name, found.why)]
  })
  return [
    ...numbers.map((name) => passedOver(name, "expected a whole number")),
    ...compressions.map((name) => passedOver(name, "expected gzip or none")),
    ...PROTOCOLS.flatMap((name) => protocolWarning(name, text(name))),
    ...(embedded ? [] : exporterWarnings(environment)),
    ...unheard
  ]
}

function protocolWarning(name: string, protocol: string): ReadonlyArray<VariableWarning> {
  if (protocol === "" || protocol === "http/json") return []
  const cure = protocol === "grpc"
    ? "; a collector takes it on another port than gRPC (4318, where gRPC has 4317)"
    : "; a collector takes it at the same address"
  return [passedOver(name, `Fairlead sends traces only as http/json${cure}`)]
}

/** Metrics and logs leave this program in these ways alone. */
function exporterWarnings(environment: Environment): ReadonlyArray<VariableWarning> {
  const wants = (name: string, fine: ReadonlyArray<string>) => !["", "none", ...fine].includes(textOf(environment, name))
  return [
    ...(wants("OTEL_METRICS_EXPORTER", ["prometheus"]) ? [passedOver("OTEL_METRICS_EXPORTER", NO_METRICS)] : []),
    ...(wants("OTEL_LOGS_EXPORTER", []) ? [passedOver("OTEL_LOGS_EXPORTER", NO_LOGS)] : [])
  ]
}
