dist_theme_DATA += themes/dark.yaml themes/light.yaml
