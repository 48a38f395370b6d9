/**
 * The destination of traces, from the file and from the OTEL_* variables. The file has priority, except that a variable can
 * turn everything off. A variable that cannot be read or has no effect is named in a warning, as OpenTelemetry demands.
 */
import * as Redacted from "effect/Redacted"
import type { TelemetryOptions } from "../../adapters/otel/options.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { isOtlpEndpoint } from "../../core/schema/units.ts"
import type { Environment } from "./environment.ts"
import type { VariableWarning } from "./otelVariables.ts"
import { passedOver, textOf, variableWarnings } from "./otelVariables.ts"
import type { Found } from "./Problem.ts"
import { isSent, ratioOf } from "./traceVariables.ts"

export interface ReadTelemetry {
  readonly telemetry: TelemetryOptions
  readonly warnings: ReadonlyArray<Found>
}

export interface Asked {
  /** The file itself gives a ratio. */
  readonly ratioWritten: boolean
  /** Inside a program, which owns the variables of other signals. */
  readonly embedded: boolean
}

export function telemetryOf(
  file: ConfigFile["telemetry"],
  environment: Environment,
  { ratioWritten, embedded }: Asked
): ReadTelemetry {
  const unread: Array<VariableWarning> = []
  const read = <A>(name: string, expected: string, parse: (text: string) => A | undefined): A | undefined => {
    const text = textOf(environment, name)
    if (text === "") return undefined
    const value = parse(text)
    if (value === undefined) unread.push(passedOver(name, `expected ${expected}`))
    return value
  }
  const url = (name: string) => {
    const value = read(name, URL_EXPECTED, (text) => isOtlpEndpoint(text) ? text : undefined)
    if (value !== undefined && isGrpcPort(value)) unread.push({ name: `${name}:`, message: GRPC_PORT })
    return value
  }
  const exact = url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
  const base = url("OTEL_EXPORTER_OTLP_ENDPOINT")
  const fromEnvironment = exact ?? (base === undefined ? "" : withSignal(base))
  const endpoint = file.otlp.endpoint === "" ? fromEnvironment : withSignal(file.otlp.endpoint)
  const sent = isSent(environment)
  const ratio = ratioOf(environment, ratioWritten)
  const pairs = (name: string) => read(name, PAIRS_EXPECTED, pairsOf)
  const attributes = pairs("OTEL_RESOURCE_ATTRIBUTES") ?? {}
  const { "service.name": named, ...others } = attributes
  const headers = { ...pairs("OTEL_EXPORTER_OTLP_HEADERS"), ...pairs("OTEL_EXPORTER_OTLP_TRACES_HEADERS") }
  const telemetry: TelemetryOptions = {
    otlp: {
      endpoint: sent.value ? endpoint : "",
      sampleRatio: ratioWritten ? file.otlp.sampleRatio : ratio.value ?? file.otlp.sampleRatio,
      headers: Redacted.make(headers)
    },
    metrics: file.metrics,
    serviceName: read("OTEL_SERVICE_NAME", "a name", (text) => text) ?? named ?? "fairlead",
    attributes: others
  }
  const told = [...unread, ...sent.warnings, ...ratio.warnings, ...variableWarnings(environment, embedded)]
  const inFile: Found = {
    path: ["telemetry", "otlp", "endpoint"],
    expected: "a port for OTLP over HTTP",
    message: GRPC_PORT
  }
  return {
    telemetry,
    warnings: [
      ...(isGrpcPort(file.otlp.endpoint) ? [inFile] : []),
      ...told.map(({ name, message }): Found => {
        return {
          path: [],
          expected: "a variable that has an effect",
          message: `the environment variable ${name} ${message}`
        }
      })
    ]
  }
}

const GRPC_PORT =
  "port 4317 of a collector is for OTLP over gRPC, and Fairlead sends traces over HTTP: use the port for HTTP, 4318"

function isGrpcPort(endpoint: string): boolean {
  return /^https?:[/][/][^/]*:4317([/]|$)/i.test(endpoint)
}

const URL_EXPECTED = "an http or https URL without user, query and fragment"
const PAIRS_EXPECTED = "pairs such as name=value,other=value"

/** From the address of a collector, or from an address that is already the one for traces. */
function withSignal(endpoint: string): string {
  const base = endpoint.replace(/\/+$/, "")
  return base.endsWith("/v1/traces") ? base : `${base}/v1/traces`
}

/** Reads `a=1,b=2` with percent encoding, as in the W3C baggage header; undefined: the text is not of that form. */
function pairsOf(text: string): Readonly<Record<string, string>> | undefined {
  const pairs: Array<readonly [string, string]> = []
  for (const part of text.split(",")) {
    if (part.trim() === "") continue
    const at = part.indexOf("=")
    const value = decoded(part.slice(at + 1).trim())
    if (at < 1 || value === undefined) return undefined
    pairs.push([part.slice(0, at).trim(), value])
  }
  return Object.fromEntries(pairs)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
