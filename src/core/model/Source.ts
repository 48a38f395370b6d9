export type { Source } from "../schema/History.ts"
