namespace Lumos.Drivers.Notices;

/// <summary>
/// What a boot-time step says: always to its log (standard error, kept by SMF), and, when a person in front of the machine
/// has to know, on the console too.
/// </summary>
public sealed class BootNotes(TextWriter log, string console = "/dev/console")
{
    /// <summary>For the log.</summary>
    public void Say(string sentence) => log.WriteLine(sentence);

    /// <summary>For the log and the console.</summary>
    public void Announce(string sentence)
    {
        log.WriteLine(sentence);
        try
        {
            using var stream = new FileStream(console, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            using var writer = new StreamWriter(stream);
            writer.Write($"\r\n{sentence}\r\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No console: the log has it.
        }
    }
}
