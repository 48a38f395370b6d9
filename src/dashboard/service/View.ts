/** What the page shows: plain data. */
import type { Fact, Status, Upstream } from "./answers.ts"
import type { Course } from "./Course.ts"

export type Link =
  /** No answer has come yet. */
  | { readonly is: "starting" }
  /** Answers come. `facts`: facts come too. */
  | { readonly is: "live"; readonly facts: boolean }
  /** The service does not answer. The next try is at `nextMs` of the browser's clock. */
  | { readonly is: "away"; readonly sinceMs: number; readonly nextMs: number; readonly why: string }
  | { readonly is: "signed out" }

export interface View {
  readonly link: Link
  /** All upstreams, each with its set and its next candidates; null: no answer yet. */
  readonly status: Status | null
  /** The opened upstreams with all their candidates, by name. */
  readonly opened: ReadonlyMap<string, Upstream>
  /** By name of the upstream. */
  readonly courses: ReadonlyMap<string, Course>
  /** The latest first. */
  readonly facts: ReadonlyArray<Fact>
  /** Whether a token was traded for a cookie, so that there is something to sign out of. */
  readonly usesToken: boolean
}
