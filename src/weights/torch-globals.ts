/**
 * Stand-ins for what PyTorch puts into pickles: tensors are views (offset, shape, strides) of storages, and a storage is
 * a key that tells where in the file its bytes lie. Nothing is read here.
 */

import type { ElementType } from "./element-type";
import { elementBytes } from "./element-type";
import { checkedSize } from "./npy";
import { isPickleObject, type PickleContext, type PickleObject, type PickleValue } from "./pickle";
import { callables } from "./python-globals";
import { spanOf } from "./strided";

export interface PickledStorage extends PickleObject {
  readonly kind: "torch.storage";
  readonly key: string;
  /** Undefined where the bytes have no type of their own; tensors then bring one. */
  readonly type: ElementType | undefined;
  /** Elements of `type`, or bytes. */
  readonly length: number;
  /** First element of a view in its storage, as old PyTorch versions write it. */
  readonly viewOffset: number;
}

export interface PickledTensor extends PickleObject {
  readonly kind: "torch.tensor";
  readonly storage: PickledStorage;
  readonly type: ElementType;
  /** Elements from the storage's beginning. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];
}

interface NamedType extends PickleObject {
  readonly kind: "torch.type";
  readonly type: ElementType | undefined;
}

export const isTensor = (value: PickleValue): value is PickledTensor =>
  isPickleObject(value) && value.kind === "torch.tensor";

/** Classes of storages, by their names without "Storage". */
const storageTypes: Readonly<Record<string, ElementType>> = {
  Half: "float16",
  BFloat16: "bfloat16",
  Float: "float32",
  Double: "float64",
  Char: "int8",
  Short: "int16",
  Int: "int32",
  Long: "int64",
  Byte: "uint8",
  Bool: "bool",
};

/**
 * What a persistent id stands for: ("storage", class, key, place, length) and in the legacy format a sixth item, None
 * or the view (key, offset, length).
 */
export function storageOf(id: PickleValue, { fail }: PickleContext): PickledStorage {
  if (!Array.isArray(id) || id[0] !== "storage")
    throw fail("a reference to something else than a storage, e.g. a pickled model: save its state_dict() instead");
  const [, type, key, , length, view] = id;
  if (!isNamedType(type) || (typeof key !== "string" && typeof key !== "number") || !isExtent(length))
    throw fail("a broken reference to a storage");
  const viewOffset = Array.isArray(view) ? view[1] : 0;
  if (!isExtent(viewOffset)) throw fail("a broken view of a storage");
  return { kind: "torch.storage", key: String(key), type: type.type, length, viewOffset };
}

/** torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, …), and v3 with the element type as seventh. */
function tensor(
  [storage, offset, shape, strides, , , named]: readonly PickleValue[],
  { fail }: PickleContext,
): PickledTensor {
  if (!isStorage(storage) || !isExtent(offset) || !areExtents(shape) || !areExtents(strides))
    throw fail("a broken tensor");
  const type = named !== undefined && isNamedType(named) ? named.type : storage.type;
  if (type === undefined) throw fail("a tensor without a type");
  checkedSize(shape, "a tensor");
  const from = storage.viewOffset + offset;
  const length = storage.type === undefined ? storage.length / elementBytes[type] : storage.length;
  if (shape.length !== strides.length || !(from + spanOf(shape, strides) <= length))
    throw fail(`a tensor of [${shape.join(", ")}] in a storage of ${length} elements`);
  return { kind: "torch.tensor", storage, type, offset: from, shape: [...shape], strides: [...strides] };
}

/** torch._utils._rebuild_parameter(tensor, requires_grad, hooks) */
function parameter([data]: readonly PickleValue[], { fail }: PickleContext): PickleValue {
  if (data === undefined || !isTensor(data)) throw fail("a parameter without a tensor");
  return data;
}

const isStorage = (value: PickleValue | undefined): value is PickledStorage =>
  value !== undefined && isPickleObject(value) && value.kind === "torch.storage";

const isNamedType = (value: PickleValue | undefined): value is NamedType =>
  value !== undefined && isPickleObject(value) && value.kind === "torch.type";

const isExtent = (value: PickleValue | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

const areExtents = (value: PickleValue | undefined): value is number[] =>
  Array.isArray(value) && value.length <= 64 && value.every(isExtent);

const namedTypes: [string, NamedType][] = [
  ...Object.entries(storageTypes).flatMap(([name, type]): [string, NamedType][] => [
    [`torch.${name}Storage`, { kind: "torch.type", type }],
    [`torch.cuda.${name}Storage`, { kind: "torch.type", type }],
  ]),
  ...Object.keys(elementBytes).map((type): [string, NamedType] => [
    `torch.${type}`,
    { kind: "torch.type", type: type as ElementType },
  ]),
  ["torch.storage.UntypedStorage", { kind: "torch.type", type: undefined }],
];

export const torchGlobals: ReadonlyMap<string, PickleObject> = new Map<string, PickleObject>([
  ...namedTypes,
  ...callables({
    "torch._utils._rebuild_tensor": tensor,
    "torch._utils._rebuild_tensor_v2": tensor,
    "torch._utils._rebuild_tensor_v3": tensor,
    "torch._utils._rebuild_parameter": parameter,
    "torch._utils._rebuild_parameter_with_state": parameter,
    "torch.Size": ([extents = []]) => extents,
    "torch.device": () => ({ kind: "torch.device" }),
  }),
]);
