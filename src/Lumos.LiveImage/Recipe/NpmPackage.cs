using Lumos.Core;

namespace Lumos.LiveImage.Recipe;

/// <summary>A package of the npm registry, pinned.</summary>
/// <param name="Name">With its scope.</param>
/// <param name="Integrity">Hash of its archive, as the registry writes it: <c>sha512-</c> and base64.</param>
internal sealed record NpmPackage(string Name, string Version, string Integrity)
{
    internal const string HashPrefix = "sha512-";

    /// <summary>Reads npm.lock.</summary>
    /// <exception cref="LumosException">BadRecipe.</exception>
    internal static IReadOnlyList<NpmPackage> Load(string file) => [.. RecipeLines.Load(file).Select(line =>
        line.Split(' ') is [var name, var version, var integrity] && integrity.StartsWith(HashPrefix, StringComparison.Ordinal)
            ? new NpmPackage(name, version, integrity)
            : throw new LumosException("BadRecipe", $"{file}: \"{line}\" is not NAME VERSION {HashPrefix}HASH"))];
}
