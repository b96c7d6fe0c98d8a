// Values that the server packs (wm_gym/serving/wire.py): JSON, with bytes and arrays behind it.

const LENGTH = 4;

const ARRAYS = {
  bool: Uint8Array, int8: Int8Array, uint8: Uint8Array, int32: Int32Array, int64: BigInt64Array,
  float32: Float32Array, float64: Float64Array,
};

/** The value in an ArrayBuffer: bytes become Uint8Array, arrays {data, shape}. */
export function unpack(buffer) {
  const end = LENGTH + new DataView(buffer).getUint32(0, true);
  const document = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, LENGTH, end - LENGTH)));
  let first = end;
  const parts = document.parts.map((length) => {
    const part = buffer.slice(first, first + length);
    first += length;
    return part;
  });
  return restored(document.value, parts);
}

function restored(value, parts) {
  if (Array.isArray(value)) return value.map((one) => restored(one, parts));
  if (value === null || typeof value !== "object") return value;
  if ("__bytes__" in value) return new Uint8Array(parts[value.__bytes__]);
  if ("__array__" in value) {
    const [part, dtype, shape] = value.__array__;
    return { data: new ARRAYS[dtype](parts[part]), shape };
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, restored(one, parts)]));
}
