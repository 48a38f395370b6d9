/** A history that ends with the run: for `history.path: none`. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HistoryStore } from "../../shell/HistoryStore.ts"

export const layer: Layer.Layer<HistoryStore> = Layer.succeed(
  HistoryStore,
  HistoryStore.of({
    load: Effect.succeed({ records: [], dropped: 0, problem: null }),
    save: () => Effect.void
  })
)
