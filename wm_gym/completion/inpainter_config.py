"""The shape of an inpainter."""

from __future__ import annotations

from dataclasses import dataclass

from wm_gym.geometry.depth_scale import FAR_METRES, NEAR_METRES


@dataclass(frozen=True)
class InpainterConfig:
    """An inpainter of single frames.

    Attributes:
        height: Rows of a frame.
        width: Columns of a frame.
        near_metres: Depth that is scaled to -1; nearer surfaces are too.
        far_metres: Depth that is scaled to 1 and stands for the sky.
        token: Side of a token, the transformer's patch, in pixels.
        cell: Side of a cell, the sub-patch of one code, in pixels; a token has (token / cell) ** 2 cells.
        depth_codes: Entries of the depth codebook.
        colour_codes: Entries of the colour codebook.
        dim: Width of the transformer.
        num_heads: Attention heads.
        num_layers: Transformer blocks.
        ffn_dim: Hidden width of the feed-forward layers.
        code_dim: Width of a code's embedding.
        pixel_channels: Channels of the convolutions at full resolution.
        cell_channels: Channels of the conditioning's convolutions, at one pixel per cell.
        decoder_channels: Channels of the pixel decoder's residual blocks, at one pixel per cell.
        decoder_blocks: Residual blocks of the pixel decoder.
    """

    height: int = 48
    width: int = 64
    near_metres: float = NEAR_METRES
    far_metres: float = FAR_METRES
    token: int = 8
    cell: int = 4
    depth_codes: int = 512
    colour_codes: int = 1024
    dim: int = 192
    num_heads: int = 3
    num_layers: int = 6
    ffn_dim: int = 576
    code_dim: int = 96
    pixel_channels: int = 16
    cell_channels: int = 64
    decoder_channels: int = 64
    decoder_blocks: int = 3

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0:
                raise ValueError(f"{name} must be positive, got {value}")
        if self.token % self.cell:
            raise ValueError(f"token must be a multiple of cell ({self.cell}), got {self.token}")
        if self.height % self.token or self.width % self.token:
            raise ValueError(
                f"height and width must be multiples of token ({self.token}), got {self.height} x {self.width}"
            )
        if self.dim % self.num_heads:
            raise ValueError(f"dim must be a multiple of num_heads ({self.num_heads}), got {self.dim}")

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of tokens in a frame."""
        return self.height // self.token, self.width // self.token

    @property
    def num_tokens(self) -> int:
        """Number of tokens in a frame."""
        return self.grid[0] * self.grid[1]

    @property
    def cells(self) -> int:
        """Number of cells in a token."""
        return (self.token // self.cell) ** 2

    @property
    def codes_per_token(self) -> int:
        """Number of codes in a token: the depth of each cell, then the colour of each cell."""
        return 2 * self.cells
