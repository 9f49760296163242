dist_theme_DATA += \
	themes/colourblind-dark.yaml \
	themes/colourblind-light.yaml \
	themes/contrast.yaml \
	themes/contrast-light.yaml \
	themes/dark.yaml \
	themes/light.yaml \
	themes/mono.yaml \
	themes/solarized-dark.yaml \
	themes/solarized-light.yaml
