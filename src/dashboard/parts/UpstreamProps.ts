/** What the row of an upstream is drawn from, and its details too. */
import type { Fact, Upstream } from "../service/answers.ts"
import type { Course } from "../service/Course.ts"
import type { Order } from "./Notices.tsx"

export interface UpstreamProps {
  readonly upstream: Upstream
  readonly course: Course | undefined
  readonly facts: ReadonlyArray<Fact>
  readonly isOpen: boolean
  readonly canAct: boolean
  readonly toggle: (name: string) => void
  readonly order: Order
}
