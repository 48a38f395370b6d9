/** Whether traces are sent and how many of them, from OpenTelemetry's variables: exporter, sampler and the general switch. */
import type { Environment } from "./environment.ts"
import type { VariableWarning } from "./otelVariables.ts"
import { passedOver, textOf } from "./otelVariables.ts"

export interface Wanted<A> {
  readonly value: A
  readonly warnings: ReadonlyArray<VariableWarning>
}

/** Exporters of the specification that this program does not have. */
const OTHERS = ["console", "zipkin", "jaeger", "logging", "otlp/stdout"]

/** Where a variable names another exporter, traces are not sent: the operator wants them there or not at all. */
export function isSent(environment: Environment): Wanted<boolean> {
  const disabled = textOf(environment, "OTEL_SDK_DISABLED").toLowerCase()
  const exporters = textOf(environment, "OTEL_TRACES_EXPORTER").split(",").map((name) => name.trim()).filter((name) =>
    name !== ""
  )
  const isElsewhere = exporters.some((name) => name === "none" || OTHERS.includes(name)) && !exporters.includes("otlp")
  const known = exporters.every((name) => name === "otlp" || name === "none")
  const outcome = isElsewhere ? ", so no traces are sent" : ""
  return {
    value: disabled !== "true" && !isElsewhere,
    warnings: [
      ...(["", "true", "false"].includes(disabled) ? [] : [passedOver("OTEL_SDK_DISABLED", "expected true or false")]),
      ...(known ? [] : [{
        name: "OTEL_TRACES_EXPORTER",
        message: `names an exporter that Fairlead does not have: expected otlp or none${outcome}`
      }])
    ]
  }
}

const RATIOS: Readonly<Record<string, number | "argument">> = {
  always_on: 1,
  always_off: 0,
  traceidratio: "argument",
  parentbased_always_on: 1,
  parentbased_always_off: 0,
  parentbased_traceidratio: "argument"
}

/**
 * undefined: no variable says it. No connection has a parent, so a sampler that depends on the parent decides as without one.
 * An argument without a sampler is ignored by the specification; here it counts as the ratio, since it can mean nothing else.
 */
export function ratioOf(environment: Environment, ratioWritten: boolean): Wanted<number | undefined> {
  const sampler = textOf(environment, "OTEL_TRACES_SAMPLER")
  const wanted = sampler === "" ? "argument" : RATIOS[sampler]
  if (wanted === undefined) {
    return {
      value: undefined,
      warnings: [passedOver("OTEL_TRACES_SAMPLER", `expected one of ${Object.keys(RATIOS).join(", ")}`)]
    }
  }
  const losing = sampler !== "" && ratioWritten
    ? [passedOver("OTEL_TRACES_SAMPLER", "telemetry.otlp.sampleRatio in the file wins")]
    : []
  if (wanted !== "argument") return { value: wanted, warnings: losing }
  const argument = textOf(environment, "OTEL_TRACES_SAMPLER_ARG")
  const share = argument === "" ? undefined : shareOf(argument)
  const unread = argument !== "" && share === undefined
    ? [passedOver("OTEL_TRACES_SAMPLER_ARG", "expected a number from 0 to 1")]
    : []
  return { value: share ?? (sampler === "" ? undefined : 1), warnings: [...losing, ...unread] }
}

function shareOf(text: string): number | undefined {
  const share = Number(text)
  return share >= 0 && share <= 1 ? share : undefined
}
