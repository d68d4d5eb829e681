"""Label volumes: shared counts, connected components, instances, lesions, skeletons, surfaces."""
