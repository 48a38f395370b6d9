/** Exposition: the page that a scrape of `/metrics` gets. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

export interface Page {
  readonly contentType: string
  /** Reads every gauge anew. */
  readonly text: Effect.Effect<string>
}

/** null: metrics are off, and there is no page. */
export const Exposition: Context.Reference<Page | null> = Context.Reference<Page | null>("fairlead/shell/Exposition", {
  defaultValue: () => null
})
