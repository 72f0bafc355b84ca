namespace Lumos.LiveImage.Recipe;

/// <summary>The lines of a recipe file: comments (<c># …</c>) and blank lines left out, numbers kept for messages.</summary>
public static class RecipeLines
{
    public static IEnumerable<(string Line, int Number)> Of(string text)
    {
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            int comment = lines[i].IndexOf('#');
            string line = (comment < 0 ? lines[i] : lines[i][..comment]).Trim();
            if (line.Length > 0)
            {
                yield return (line, i + 1);
            }
        }
    }

    /// <summary>The lines of a file without their numbers.</summary>
    public static IReadOnlyList<string> Load(string path) => [.. Of(File.ReadAllText(path)).Select(l => l.Line)];
}
