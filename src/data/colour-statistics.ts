/** Mean and standard deviation of ImageNet's colours, RGB in 0..1: every network here takes (x/255 − mean)/std. */
export const NORMALISE_MEAN: readonly [number, number, number] = [0.485, 0.456, 0.406];
export const NORMALISE_STD: readonly [number, number, number] = [0.229, 0.224, 0.225];
