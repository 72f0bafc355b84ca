using System.Text;
using Lumos.Core;

namespace Lumos.JsonTool.Input;

/// <summary>Where the input comes from: files one after the other, or standard input.</summary>
internal static class InputText
{
    /// <summary>Opens everything that is asked for; a file that cannot be read is told before anything is printed.</summary>
    internal static TextReader Open(IReadOnlyList<string> files, Func<Stream> standardInput)
    {
        var readers = files.Count == 0 ? [Reader(standardInput())] : files.Select(file => Reader(file == "-" ? standardInput() : OpenFile(file))).ToList();
        return readers is [var only] ? only : new StringReader(Joined(readers));
    }

    /// <summary>All of it, without a byte order mark.</summary>
    internal static string ReadAll(IReadOnlyList<string> files, Func<Stream> standardInput)
    {
        using var reader = Open(files, standardInput);
        string text = reader.ReadToEnd();
        return text is ['\ufeff', ..] ? text[1..] : text;
    }

    // A file's last line may lack its end; the next file begins a line of its own all the same.
    private static string Joined(List<StreamReader> readers)
    {
        var text = new StringBuilder();
        foreach (var reader in readers)
        {
            text.Append(text.Length > 0 && text[^1] != '\n' ? "\n" : "").Append(reader.ReadToEnd());
            reader.Dispose();
        }
        return text.ToString();
    }

    private static StreamReader Reader(Stream stream) =>
        new(stream, new UTF8Encoding(false), detectEncodingFromByteOrderMarks: false, bufferSize: 64 * 1024);

    private static FileStream OpenFile(string file)
    {
        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LumosException("CannotRead", $"cannot read \"{file}\"", inner: e);
        }
    }
}
