namespace Lumos.Core;

/// <summary>
/// A failure that a user can meet. <see cref="Code"/> is stable CamelCase text that scripts may match; the message is one
/// sentence that names the object and never repeats its cause; the cause is the inner exception.
/// </summary>
public class LumosException : Exception
{
    /// <param name="code">Stable name of the failure, such as <c>ImageNotInstalled</c>.</param>
    /// <param name="message">One sentence naming the object and, where there is one, the way out.</param>
    /// <param name="exitStatus">What a command ends with: 1 failure, 2 usage, else as the command's page says.</param>
    /// <param name="inner">The cause; printed after the message, joined by ": ".</param>
    public LumosException(string code, string message, int exitStatus = 1, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        ExitStatus = exitStatus;
    }

    public string Code { get; }

    public int ExitStatus { get; }

    /// <summary>The whole chain on one line: "message: cause: its cause".</summary>
    public static string Describe(Exception error)
    {
        var parts = new List<string>();
        for (Exception? e = error; e is not null; e = e.InnerException)
        {
            parts.Add(e.Message.TrimEnd('.', ' '));
        }
        return string.Join(": ", parts);
    }
}

/// <summary>The command line or payload was wrong: exit status 2, usage follows where the command has one.</summary>
public sealed class UsageException(string message) : LumosException("Usage", message, exitStatus: 2);
