"""Writing landmark sets; helper of the tools beside it."""
import json

from spiga_mmpose.io import write_whole


def write_landmark_set(fields: dict, path: str) -> None:
    """Write a set for people to read: a line a field, edge, part and point."""
    lines = []
    for key, value in fields.items():
        if key in ('edges', 'parts') and value:
            body = ',\n'.join(f'    {json.dumps(k)}: {json.dumps(v)}'
                              for k, v in value.items())
            text = '{\n' + body + '\n  }'
        elif key in ('head_model', 'mean_shape') and value:
            text = '[\n' + ',\n'.join(f'    {json.dumps(row)}'
                                      for row in value) + '\n  ]'
        else:
            text = json.dumps(value)
        lines.append(f'  {json.dumps(key)}: {text}')
    write_whole(path, '{\n' + ',\n'.join(lines) + '\n}\n')
