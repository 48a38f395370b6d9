/** Ports of servers that speak first, and count clients that they greeted in vain: SSH, mail, MySQL, PostgreSQL. */
export const GREETING_PORTS: ReadonlyArray<number> = [22, 25, 110, 143, 587, 3306, 5432]
