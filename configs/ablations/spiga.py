# The whole method, against which every other file of this folder is measured:
# the cascade stage of spiga_synthetic.py on a backbone that is there. Tested
# on the test faces, which no choice was made by.
#
# What `ablation` holds: how tables call the variant, and the rows of the
# paper's Tables 5 and 6 that are the same.
_base_ = ['../experiments/spiga_synthetic_cascade.py']
val_dataloader = _base_.test_dataloader
ablation = dict(title='SPIGA', paper=('SPIGA', 'SPIGA (3)'))
