"""An image that was packaged earlier and the files it was made of -> what packaging reported then."""

from llmplat.pack.image import Image
from llmplat.pack.image_plan import FILE_ANNOTATION, plan_layers
from llmplat.pack.request import PackedLayer, PackReport, PackRequest
from llmplat.pack.selection import select_for_image


def describe_again(image: Image, request: PackRequest) -> PackReport | None:
    """The report on `image`, as packaging `request` upon scratch would make it; no file is read.

    None when its layers are not those of these files: another name, size or number. That the
    bytes are the same is for the caller to know, by the digest that it kept.

    Raises:
        InputError: `request` cannot be packaged.
    """
    files, left_out = select_for_image(
        request.files, request.source, allow_pickle=request.allow_pickle
    )
    plan = plan_layers(files)
    found = image.platforms[0].layers
    named = [(dict(one.annotations).get(FILE_ANNOTATION), one.size_bytes) for one in found]
    if named != [(layer.blob.name, layer.blob.size_bytes) for layer in plan]:
        return None
    return PackReport(
        image.top.descriptor,
        tuple(PackedLayer(one, layer.files, 0) for one, layer in zip(found, plan, strict=True)),
        tuple(one.manifest.descriptor for one in image.platforms),
        tuple(file.path for file in left_out),
        sent_bytes=0,
        took_s=0.0,
    )
