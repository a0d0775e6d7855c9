/** One rule for packets from the bridge, or to it, in the words that all backends share. */
export type Rule = {
  match:
    | { kind: "established" }
    /** Answers of ICMP to a connection that exists. */
    | { kind: "related-icmp" }
    /** How hosts on one link find each other in IPv6: types 135 and 136. */
    | { kind: "neighbours"; type: number }
    | { kind: "to"; network: string; protocol?: "tcp" | "udp" | undefined; port?: number | undefined }
    | { kind: "from"; network: string }
    /** Connections to a port of this host that the engine has published: to one of TCP in this range, or to any. */
    | { kind: "published"; ports?: readonly [first: number, last: number] | undefined }
    | { kind: "any" };
  /** `pass` leaves the packet to the rules of others; `accept` takes it past them; `refuse` answers that it may not. */
  verdict: "pass" | "accept" | "refuse";
};

export type Family = 4 | 6;
