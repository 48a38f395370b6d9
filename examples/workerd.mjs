/** A worker that ranks addresses. Its bindings: `CANDIDATES=192.0.2.10:443,192.0.2.11:443`, and `TOKEN`, which a request has to show. */
import { connect } from "cloudflare:sockets"
import { env } from "cloudflare:workers"
import { createEdge } from "fairlead/edge"

const config = { upstreams: { api: { candidates: env.CANDIDATES.split(",") } } }
// GET /rank/api and GET /status; a cron trigger begins a round of probes.
export default createEdge(config, { connect, token: env.TOKEN })
