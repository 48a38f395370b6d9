/**
 * Events as JSON, in the same bytes as `JSON.stringify`. The three events of every client are put together by hand, which takes
 * half as long. A law compares the two.
 */
import type { CandidateRef } from "../core/model/Candidate.ts"
import type { ClientAccepted, ClientClosed, Event } from "../core/model/Event.ts"

export function eventText(event: Event): string {
  switch (event._tag) {
    case "ClientAccepted":
      return acceptedText(event)
    case "ClientClosed":
      return closedText(event)
    case "WarmConnected":
      return `{"_tag":"WarmConnected","worker":${event.worker},"warm":${event.warm},"candidate":${event.candidate}`
        + `,"tookUs":${event.tookUs}}`
    default:
      return JSON.stringify(event)
  }
}

function acceptedText(event: ClientAccepted): string {
  const { chosen, candidate } = event
  const tried = event.tried.length === 0 ? "[]" : JSON.stringify(event.tried)
  return `{"_tag":"ClientAccepted","worker":${event.worker},"session":${event.session}`
    + `,"listener":${JSON.stringify(event.listener)},"upstream":${event.upstream},"routes":${event.routes}`
    + `,"chosen":${refText(chosen)},"why":"${event.why}","candidate":${refText(candidate)},"warm":${event.warm}`
    + `,"client":${event.client},"tried":${tried}}`
}

function closedText(event: ClientClosed): string {
  return `{"_tag":"ClientClosed","worker":${event.worker},"session":${event.session},"candidate":${refText(event.candidate)}`
    + `,"client":${event.client},"bytesUp":${event.bytesUp},"bytesDown":${event.bytesDown}`
    + `,"firstByteUs":${event.firstByteUs},"answerUs":${event.answerUs},"durationUs":${event.durationUs}`
    + `,"silence":"${event.silence}","cause":"${event.cause}"}`
}

function refText(ref: CandidateRef): string {
  return typeof ref === "number" ? `${ref}` : `"${ref}"`
}
