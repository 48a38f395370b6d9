/** What the admin port answers, with the types of the code that writes it. */
import type { ExplainDocument } from "../../shell/explain/document.ts"
import type { PublicFact } from "../../shell/facts/PublicFact.ts"
import type { Status as WholeStatus } from "../../shell/status.ts"

export type Status = WholeStatus
export type Upstream = Status["upstreams"][number]
export type Candidate = Upstream["candidates"][number]
export type Fact = PublicFact
export type Explanation = ExplainDocument
