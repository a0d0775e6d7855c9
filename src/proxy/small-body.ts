/** Bytes. A body of known length, up to this size, is read whole: that costs less than a stream, and can be sent again. */
export const SMALL_BODY = 64 * 1024;
