"""Measures as pure functions on arrays: pictures uint8 (n, H, W, C), sRGB; features and codes float (n, d).

Measures of single pictures give float64 (n,), measures of populations one number. The files are families; `scores`
says which measure of what is a figure of `evaluate`.
"""

METRICS = {
    "reconstruction_l1": "gaia_stim.metrics.scores:RECONSTRUCTION_L1",
    "reconstruction_rmse": "gaia_stim.metrics.scores:RECONSTRUCTION_RMSE",
    "reconstruction_ssim": "gaia_stim.metrics.scores:RECONSTRUCTION_SSIM",
    "reconstruction_r2": "gaia_stim.metrics.scores:RECONSTRUCTION_R2",
    "reconstruction_spread": "gaia_stim.metrics.scores:RECONSTRUCTION_SPREAD",
    "sharpness": "gaia_stim.metrics.scores:SHARPNESS",
    "identity": "gaia_stim.metrics.scores:IDENTITY",
    "midpoint_auc": "gaia_stim.metrics.scores:MIDPOINT_AUC",
    "crowding_auc": "gaia_stim.metrics.scores:CROWDING_AUC",
    "matched_auc": "gaia_stim.metrics.scores:MATCHED_AUC",
    "reconstruction_auc": "gaia_stim.metrics.scores:RECONSTRUCTION_AUC",
    "real_midpoint_auc": "gaia_stim.metrics.scores:REAL_MIDPOINT_AUC",
    "pixel_blend_auc": "gaia_stim.metrics.scores:PIXEL_BLEND_AUC",
    "midpoint_precision": "gaia_stim.metrics.scores:MIDPOINT_PRECISION",
    "reconstruction_precision": "gaia_stim.metrics.scores:RECONSTRUCTION_PRECISION",
    "pixel_blend_precision": "gaia_stim.metrics.scores:PIXEL_BLEND_PRECISION",
    "midpoint_coverage": "gaia_stim.metrics.scores:MIDPOINT_COVERAGE",
    "reconstruction_coverage": "gaia_stim.metrics.scores:RECONSTRUCTION_COVERAGE",
    "pixel_blend_coverage": "gaia_stim.metrics.scores:PIXEL_BLEND_COVERAGE",
    "betweenness": "gaia_stim.metrics.scores:BETWEENNESS",
    "step_cv": "gaia_stim.metrics.scores:STEP_CV",
    "geodesic_ratio": "gaia_stim.metrics.scores:GEODESIC_RATIO",
    "pixel_blend_geodesic_ratio": "gaia_stim.metrics.scores:PIXEL_BLEND_GEODESIC_RATIO",
    "cycle_error": "gaia_stim.metrics.scores:CYCLE_ERROR",
    "structure_spearman": "gaia_stim.metrics.scores:STRUCTURE_SPEARMAN",
    "pca_structure_spearman": "gaia_stim.metrics.scores:PCA_STRUCTURE_SPEARMAN",
    "trustworthiness": "gaia_stim.metrics.scores:TRUSTWORTHINESS",
    "pca_trustworthiness": "gaia_stim.metrics.scores:PCA_TRUSTWORTHINESS",
    "continuity": "gaia_stim.metrics.scores:CONTINUITY",
    "pca_continuity": "gaia_stim.metrics.scores:PCA_CONTINUITY",
}
"""Name to the `Score` behind a figure of `evaluate`, in the order in which they are told."""
