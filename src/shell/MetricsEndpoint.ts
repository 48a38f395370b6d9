/** Port: the meters as Prometheus text, for whoever is asked for them. Absent when metrics are off. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

export class MetricsEndpoint extends Context.Service<MetricsEndpoint, {
  /** Exposition format 0.0.4. */
  readonly text: Effect.Effect<string>
}>()("fairlead/shell/MetricsEndpoint") {}
