/**
 * Where traces go, from the file and from the OTEL_* variables of the environment. What the file says wins; a variable that
 * cannot be read is passed over with a warning, as OpenTelemetry wants it.
 */
import * as Redacted from "effect/Redacted"
import type { TelemetryOptions } from "../../adapters/otel/options.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { isOtlpEndpoint } from "../../core/schema/units.ts"
import type { Environment } from "./environment.ts"

export interface ReadTelemetry {
  readonly telemetry: TelemetryOptions
  /** Names of variables that could not be read, with what was expected. */
  readonly warnings: ReadonlyArray<{ readonly name: string; readonly expected: string }>
}

/** `ratioWritten`: the file itself gives a ratio. */
export function telemetryOf(file: ConfigFile["telemetry"], ratioWritten: boolean, environment: Environment): ReadTelemetry {
  const warnings: Array<ReadTelemetry["warnings"][number]> = []
  const read = <A>(name: string, expected: string, parse: (text: string) => A | undefined): A | undefined => {
    const text = environment[name]?.trim() ?? ""
    if (text === "") return undefined
    const value = parse(text)
    if (value === undefined) warnings.push({ name, expected })
    return value
  }
  const url = (text: string) => isOtlpEndpoint(text) ? text : undefined
  const exact = read("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", URL_EXPECTED, url)
  const base = read("OTEL_EXPORTER_OTLP_ENDPOINT", URL_EXPECTED, url)
  const fromEnvironment = exact ?? (base === undefined ? "" : withSignal(base))
  const endpoint = file.otlp.endpoint === "" ? fromEnvironment : withSignal(file.otlp.endpoint)
  const off = environment["OTEL_SDK_DISABLED"]?.toLowerCase() === "true"
  const ratio = read("OTEL_TRACES_SAMPLER_ARG", "a number from 0 to 1", ratioOf)
  const attributes = read("OTEL_RESOURCE_ATTRIBUTES", PAIRS_EXPECTED, pairsOf) ?? {}
  const { "service.name": named, ...others } = attributes
  const telemetry: TelemetryOptions = {
    otlp: {
      endpoint: off ? "" : endpoint,
      sampleRatio: ratioWritten ? file.otlp.sampleRatio : ratio ?? file.otlp.sampleRatio,
      headers: Redacted.make(read("OTEL_EXPORTER_OTLP_HEADERS", PAIRS_EXPECTED, pairsOf) ?? {})
    },
    metrics: file.metrics,
    serviceName: read("OTEL_SERVICE_NAME", "a name", (text) => text) ?? named ?? "fairlead",
    attributes: others
  }
  return { telemetry, warnings }
}

const URL_EXPECTED = "an http or https URL without user, query and fragment"
const PAIRS_EXPECTED = "pairs such as name=value,other=value"

/** A collector's address, or what is already the address for traces. */
function withSignal(endpoint: string): string {
  const base = endpoint.replace(/\/+$/, "")
  return base.endsWith("/v1/traces") ? base : `${base}/v1/traces`
}

function ratioOf(text: string): number | undefined {
  const ratio = Number(text)
  return ratio >= 0 && ratio <= 1 ? ratio : undefined
}

/** `a=1,b=2` with percent encoding, as the W3C baggage header has it. */
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
