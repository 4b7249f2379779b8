/** One field of a message: its number, and its value as the wire has it. */
interface Field {
  readonly number: number
  readonly value: bigint | Buffer
}

/** The fields of a protobuf message, in order. Fixed-width ones are numbers too. */
export function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const bytes = (length: number): Buffer => {
    at += length
    if (at > message.length) throw new RangeError('the message ends in the middle of a field')
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const tag = Number(varint())
    const number = tag >>> 3
    switch (tag & 7) {
      case 0:
        fields.push({ number, value: varint() })
        break
      case 1:
        fields.push({ number, value: bytes(8).readBigUInt64LE() })
        break
      case 2:
        fields.push({ number, value: bytes(Number(varint())) })
        break
      case 5:
        fields.push({ number, value: BigInt(bytes(4).readUInt32LE()) })
        break
      default:
        throw new RangeError(`no protobuf has a field of wire type ${tag & 7}`)
    }
  }
  return fields
}

/** The messages, texts and byte strings of one number. */
export function parts(message: Buffer, number: number): Buffer[] {
  return fieldsOf(message).flatMap(field =>
    field.number === number && Buffer.isBuffer(field.value) ? [field.value] : []
  )
}

export function text(message: Buffer, number: number): string {
  return parts(message, number)[0]?.toString() ?? ''
}

export function hex(message: Buffer, number: number): string {
  return parts(message, number)[0]?.toString('hex') ?? ''
}

/** 0 when it is not there, which is how protobuf writes a 0. */
export function integer(message: Buffer, number: number): bigint {
  const found = fieldsOf(message).find(field => field.number === number)?.value
  return typeof found === 'bigint' ? found : 0n
}
