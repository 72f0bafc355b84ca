using Lumos.Core;

namespace Lumos.Images.Sources;

/// <summary>
/// The key of an image server, in a file: the last word of the first line that says something, so that the server's own file of
/// keys (NAME SECRET) will do. A key is never on a command line, where everybody sees it.
/// </summary>
public static class SourceKey
{
    /// <summary>Names the file for publishing, where nothing else does.</summary>
    public const string Variable = "IMGADM_KEY_FILE";

    /// <exception cref="LumosException">KeyFileNotUsable.</exception>
    public static string Read(string file)
    {
        try
        {
            string[]? words = File.ReadLines(file).Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
                .FirstOrDefault(words => words.Length > 0 && words[0][0] != '#');
            return words is [.., var secret] && secret.All(c => c is > ' ' and < (char)127)
                ? secret
                : throw new LumosException("KeyFileNotUsable", $"{file} holds no key");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LumosException("KeyFileNotUsable", $"the key in {file} cannot be read", inner: e);
        }
    }
}
